import type { FinishActivities } from '../src/contract/activity-types';
import type { FindingSummary } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { readLane } from '../src/postgres/ledger/lane';
import { readSteps } from '../src/postgres/ledger/step';
import { changeTarget } from '../src/postgres/queries/schema-change';
import { analyzeTable } from '../src/postgres/queries/schema-change-view';
import { decisionFor } from '../src/profile/decision-match';
import { coversRows } from '../src/profile/undecided';
import { quarantineByFinding } from '../src/postgres/queries/settle-quarantine';
import { qualified } from '../src/sql/quote';
import { align } from './delta-align';
import { settleFollowed } from './delta-settle';
import { writeIdMaps } from './finish-id-map';
import { restoreCheck } from './finish-checks';
import { restoreForeignKeyStep, restoreIndex, restoreTriggers } from './finish-restore';
import { advanceSequencesOf } from './finish-sequences';
import { refreshViews } from './finish-views';
import { settleTarget } from './finish-settle';
import { decisionsOfRun, onTarget, type StepHost } from './prepare-host';

/** Every activity reads from the ledger what is left to do and may be repeated at any point. */
export function createFinishActivities(host: StepHost): FinishActivities {
  return {
    settle: (ref) =>
      onTarget(host, ref, 'settle', async (work) => {
        if ((await readLane(work.session, work.run.run, 'delta')) === null) return settleTarget(host, work);
        const aligning = { databases: host.databases, signal: () => work.signal, heartbeat: () => work.beat() };
        return settleFollowed(host, work, () => align(aligning, ref, 'settle'));
      }),
    rebuildIndexes: (ref) =>
      onTarget(host, ref, 'rebuild indexes', async (work) => {
        const steps = await readSteps(work.session, work.run.run, 'index');
        for (const step of steps) if (step.state === 'done') await restoreIndex(work, step, 'restored');
        return { rebuilt: steps.length };
      }),
    rebuildForeignKeys: (ref) =>
      onTarget(host, ref, 'rebuild foreign keys', async (work) => {
        const steps = await readSteps(work.session, work.run.run, 'foreign_key');
        for (const step of steps) if (step.state === 'done') await restoreForeignKeyStep(work, step, 'restored');
        const checks = await readSteps(work.session, work.run.run, 'check');
        // those of partitions first: the parent's then finds them there
        for (const step of [...checks].reverse()) if (step.state === 'done') await restoreCheck(work, step, 'restored');
        return { rebuilt: steps.length };
      }),
    restoreTriggers: (ref) =>
      onTarget(host, ref, 'restore triggers', async (work) => {
        const steps = await readSteps(work.session, work.run.run, 'triggers');
        for (const step of steps) if (step.state === 'done') await restoreTriggers(work, step, 'restored');
        return { restored: steps.reduce((sum, step) => sum + step.detail.triggers.length, 0) };
      }),
    advanceSequences: (ref) => onTarget(host, ref, 'advance sequences', (work) => advanceSequencesOf(host, work)),
    analyzeAndRefresh: (ref, again = false) =>
      onTarget(host, ref, 'analyze', async (work) => {
        for (const mapping of work.mappings) {
          const object = qualified(mapping.target);
          await changeTarget(work.session, work.run.run, { object, onAttempt: work.beat }, () =>
            analyzeTable(work.session, mapping.target),
          );
        }
        return { analyzed: work.mappings.length, refreshed: await refreshViews(work, again) };
      }),
    writeIdMap: (ref) => onTarget(host, ref, 'write id map', (work) => writeIdMaps(host, work)),
    undecidedQuarantine: (ref) =>
      onTarget(host, ref, 'undecided', async ({ session, run }) => {
        const decisions = await decisionsOfRun(session, run);
        const groups = await quarantineByFinding(session, run.run);
        const stops = groups.filter((group) => decisionFor(decisions, group.finding)?.action === 'stop');
        if (stops.length > 0) {
          const named = stops.map((group) => `${group.finding} (${group.rows} rows)`).join(', ');
          throw fail('RP4303', `${named}: decided to stop.`);
        }
        return groups
          .filter((group) => !coversRows(decisionFor(decisions, group.finding)))
          .map((group): FindingSummary => ({
            id: group.finding,
            mapping: group.mapping,
            column: group.column,
            kind: group.reason,
            severity: 'decide',
            rows: group.rows,
            sentence: `${group.rows} rows of ${group.mapping} are in quarantine (${group.finding}), and no decision says so.`,
            choices: ['quarantine', 'stop'],
            decided: null,
          }));
      }),
  };
}

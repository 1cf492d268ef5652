import type { FinishActivities, SettledTable } from '../src/contract/activity-types';
import type { QualifiedName } from '../src/contract/catalog';
import type { FindingSummary } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { appendEvent } from '../src/postgres/ledger/event';
import { readLane } from '../src/postgres/ledger/lane';
import { readSteps } from '../src/postgres/ledger/step';
import { changeTarget } from '../src/postgres/queries/schema-change';
import {
  analyzeTable,
  refreshesConcurrently,
  refreshView,
  refreshViewConcurrently,
} from '../src/postgres/queries/schema-change-view';
import { decisionFor } from '../src/profile/decision-match';
import { coversRows } from '../src/profile/undecided';
import { quarantineByFinding } from '../src/postgres/queries/settle-quarantine';
import { dotted, qualified } from '../src/sql/quote';
import { align } from './delta-align';
import { settleFollowed } from './delta-settle';
import { writeIdMaps } from './finish-id-map';
import { putBack, restoreForeignKeyStep, restoreIndex, restoreTriggers } from './finish-restore';
import { advanceSequencesOf } from './finish-sequences';
import { settleTarget } from './finish-settle';
import { decisionsOfRun, onTarget, type StepHost, type StepWork } from './prepare-host';
import { asApplication } from '../src/postgres/application-path';
import { agreeing, counted } from '../src/report/counted';
import { readLedgerBooks } from '../src/postgres/ledger/verdict';
import { sumLedger } from '../src/validate/books';

function refreshed(work: StepWork, view: QualifiedName): Promise<void> {
  return asApplication(work.session, () => refreshView(work.session, view));
}

/** While the application reads: its readers wait only where a view has no unique index that spares them. */
async function refreshAgain(work: StepWork, view: QualifiedName): Promise<void> {
  const beside = await refreshesConcurrently(work.session, view);
  const options = {
    object: qualified(view),
    doing: `refreshing materialized view ${dotted(view)}`,
    onAttempt: work.beat,
  };
  await changeTarget(work.session, work.run.run, options, () =>
    asApplication(work.session, () =>
      beside ? refreshViewConcurrently(work.session, view) : refreshView(work.session, view),
    ),
  );
}

/** What the ledger says of each table by now, for the page of the run. */
async function settledTables({ session, run, mappings }: StepWork): Promise<SettledTable[]> {
  const tables: SettledTable[] = [];
  for (const { name } of mappings) {
    const books = await readLedgerBooks(session, run.run, name);
    const { migrated, quarantined } = sumLedger({ mapping: name, ...books });
    const outOfScope = books.receipts.outOfScope + books.adjustments.outOfScope;
    tables.push({ mapping: name, migrated, quarantined, outOfScope });
  }
  return tables;
}

/** Every activity reads from the ledger what is left to do and may be repeated at any point. */
export function createFinishActivities(host: StepHost): FinishActivities {
  return {
    settle: (ref) =>
      onTarget(host, ref, 'settle', async (work) => {
        const aligning = { databases: host.databases, signal: () => work.signal, heartbeat: () => work.beat() };
        const settled =
          (await readLane(work.session, work.run.run, 'delta')) === null
            ? await settleTarget(host, work)
            : await settleFollowed(host, work, () => align(aligning, ref, 'settle'));
        return { ...settled, books: await settledTables(work) };
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
          const options = { object, doing: `analyzing ${dotted(mapping.target)}`, onAttempt: work.beat };
          await changeTarget(work.session, work.run.run, options, () =>
            asApplication(work.session, () => analyzeTable(work.session, mapping.target)),
          );
        }
        const views = (await readSteps(work.session, work.run.run, 'materialized_view')).filter(
          (step) => step.detail.populated,
        );
        // recorded with those that build on others first
        for (const step of [...views].reverse()) {
          const { view } = step.detail;
          if (step.state === 'done') await putBack(work, step, 'restored', () => refreshed(work, view));
          else if (again && step.state === 'restored') await refreshAgain(work, view);
        }
        await appendEvent(work.session, work.run.run, 'views refreshed', { views: views.length, again });
        return { analyzed: work.mappings.length, refreshed: views.length };
      }),
    writeIdMap: (ref) => onTarget(host, ref, 'write id map', (work) => writeIdMaps(host, work)),
    undecidedQuarantine: (ref) =>
      onTarget(host, ref, 'undecided', async ({ session, run }) => {
        const decisions = await decisionsOfRun(session, run);
        const groups = await quarantineByFinding(session, run.run);
        const stops = groups.filter((group) => decisionFor(decisions, group.finding)?.action === 'stop');
        if (stops.length > 0) {
          const named = stops.map((group) => `${group.finding} (${counted(group.rows, 'row')})`).join(', ');
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
            sentence: `${counted(group.rows, 'row')} of ${group.mapping} ${agreeing(group.rows, 'is quarantined and needs', 'are quarantined and need')} a decision (${group.finding}).`,
            choices: ['quarantine', 'stop'],
            decided: null,
          }));
      }),
  };
}

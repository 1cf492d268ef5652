import type { FinishActivities, SettledTable } from '../src/contract/activity-types';
import type { FindingSummary } from '../src/contract/run';
import { readLane } from '../src/postgres/ledger/follow/apply-lease';
import { readSteps } from '../src/postgres/ledger/run/step';
import { changeTarget } from '../src/postgres/queries/schema-change/settings';
import { analyzeTable } from '../src/postgres/queries/schema-change/view';
import { decisionFor } from '../src/profile/decision-match';
import { observeDecisions } from '../src/postgres/ledger/decision/decision-effect';
import type { LoadedRun } from '../src/postgres/ledger/run/run';
import { coversRows, decidedToStop, unmetExpectation } from '../src/profile/undecided';
import { hadExpectedEffect } from '../src/validate/decision-effect';
import type { Session } from '../src/postgres/session';
import { quarantineByFinding, type QuarantineGroup } from '../src/postgres/queries/settle/quarantine';
import { dotted, qualified } from '../src/sql/quote';
import { align } from '../src/engine/follow/align';
import { settleFollowed } from '../src/engine/settle/settle-followed';
import { writeIdMaps } from '../src/engine/finish/write-id-map';
import { restoreCheck } from '../src/engine/finish/restore-checks';
import { restoreForeignKeyStep, restoreIndex, restoreTriggers } from '../src/engine/finish/restore-objects';
import { advanceSequencesOf } from '../src/engine/finish/advance-sequences';
import { refreshViews } from '../src/engine/finish/refresh-views';
import { settleTarget } from '../src/engine/settle/settle-run';
import { decisionsOfRun, onTarget, type RunDecision, type StepHost, type StepWork } from './prepare-host';
import { asApplication } from '../src/postgres/application-path';
import { agreeing, counted } from '../src/report/counted';
import { readLedgerBooks } from '../src/postgres/ledger/proof/verdict';
import { sumLedger } from '../src/validate/books';
import { effectsOf } from '../src/engine/proof/decision-effects';

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
          const options = { object, doing: `analyzing ${dotted(mapping.target)}`, onAttempt: work.beat };
          await changeTarget(work.session, work.run.run, options, () =>
            asApplication(work.session, () => analyzeTable(work.session, mapping.target)),
          );
        }
        return { analyzed: work.mappings.length, refreshed: await refreshViews(work, again) };
      }),
    writeIdMap: (ref) => onTarget(host, ref, 'write id map', (work) => writeIdMaps(host, work)),
    undecidedQuarantine: (ref) =>
      onTarget(host, ref, 'undecided', async ({ session, run }) => {
        const decisions = await decisionsOfRun(session, run);
        const groups = await quarantineByFinding(session, run.run);
        const open = groups.filter((group) => !coversRows(decisionFor(decisions, group.finding)));
        return [...open.map((group) => quarantineQuestion(group, decisions)), ...(await unmetQuestions(session, run))];
      }),
  };
}

/** Rows in quarantine that no decision lets stay behind. */
function quarantineQuestion(group: QuarantineGroup, decisions: readonly RunDecision[]): FindingSummary {
  const stops = decisionFor(decisions, group.finding)?.action === 'stop';
  const rows = `${counted(group.rows, 'row')} of ${group.mapping} ${agreeing(group.rows, 'is', 'are')} quarantined`;
  return {
    id: group.finding,
    mapping: group.mapping,
    column: group.column,
    kind: group.reason,
    severity: 'decide',
    rows: group.rows,
    sentence: stops
      ? `${rows} (${group.finding}). ${decidedToStop}`
      : `${rows} and ${agreeing(group.rows, 'needs', 'need')} a decision (${group.finding}).`,
    choices: ['quarantine', 'stop'],
    decided: null,
  };
}

/** Decisions that had another effect than they expected: to be given again with what is seen, or the proof could never be green. */
async function unmetQuestions(session: Session, run: LoadedRun): Promise<FindingSummary[]> {
  const effects = effectsOf(run, await observeDecisions(session, run));
  return effects.flatMap((effect): FindingSummary[] => {
    if (effect.expected === null || hadExpectedEffect(effect)) return [];
    return [
      {
        id: effect.finding,
        mapping: null,
        column: null,
        kind: 'unmet',
        severity: 'decide',
        rows: effect.observed,
        sentence: `${unmetExpectation(`The decision ${effect.action}`, effect.expected, effect.observed)} Give it again with the number that is right.`,
        choices: effect.action === 'stop' ? ['stop'] : [effect.action, 'stop'],
        decided: null,
      },
    ];
  });
}

import { fail } from '../src/errors/rowproof-error';
import { dropHeld } from '../src/postgres/ledger/held';
import { readSteps, setStepState } from '../src/postgres/ledger/step';
import {
  countForeignRows,
  countRows,
  dropTable,
  lockExclusively,
  putRowsBack,
  rowproofTableExists,
  truncateTables,
} from '../src/postgres/queries/rollback-rows';
import { changeTarget, runStatements } from '../src/postgres/queries/schema-change';
import { constraintState, readForeignKeys } from '../src/postgres/queries/schema-change-foreign-key';
import { tableExists } from '../src/postgres/queries/schema-change-index';
import { readTriggers } from '../src/postgres/queries/schema-change-trigger';
import { emptyView, findBeside, refreshView } from '../src/postgres/queries/schema-change-view';
import { setSequence } from '../src/postgres/queries/sequence';
import { dropForeignKeyStatement } from '../src/rollback/restore-foreign-key';
import { restoreTriggerStatements, silenceTriggerStatements } from '../src/rollback/restore-triggers';
import type { Step, StepKind, TriggersDetail } from '../src/rollback/step-detail';
import type { QualifiedName } from '../src/contract/catalog';
import type { RunRef } from '../src/contract/run';
import { qualified } from '../src/sql/quote';
import { restoreCheck } from './finish-checks';
import { putBack, restoreForeignKeyStep, restoreIndex, restoreTriggers } from './finish-restore';
import { liftGuard } from './cutover-guard';
import type { StepHost, StepWork } from './prepare-host';
import { liftFreeze, takeCaptureAway } from './rollback-sources';

/** Undoes one step; nothing when that was done before. RP7001, RP7002 where it would touch what is not the run's. */
export async function compensateStep(host: StepHost, ref: RunRef, work: StepWork, step: Step): Promise<void> {
  if (step.state === 'compensated') return;
  // on the sources, in short transactions of their own; the step is closed once nothing is left there
  if (is(step, 'freeze')) {
    await liftFreeze(host, work, step.detail);
    return putBack(work, step, 'compensated', () => Promise.resolve());
  }
  if (is(step, 'capture')) {
    await takeCaptureAway(host, ref, work);
    return putBack(work, step, 'compensated', () => Promise.resolve());
  }
  if (is(step, 'guard')) return putBack(work, step, 'compensated', () => liftGuard(work, 'compensated'));
  if (is(step, 'rows')) return takeRowsAway(work, step);
  if (is(step, 'rows_saved')) return bringRowsBack(work, step);
  if (is(step, 'index')) return restoreIndex(work, step, 'compensated');
  if (is(step, 'foreign_key')) return restoreForeignKeyStep(work, step, 'compensated');
  if (is(step, 'check')) return restoreCheck(work, step, 'compensated');
  if (is(step, 'triggers')) return restoreTriggers(work, step, 'compensated');
  if (is(step, 'sequence')) {
    const { sequence, lastValue, isCalled } = step.detail;
    return putBack(work, step, 'compensated', () => setSequence(work.session, sequence, { lastValue, isCalled }));
  }
  if (is(step, 'materialized_view')) {
    const { view, populated } = step.detail;
    // a view that the run never refreshed still holds what it held before
    const refreshed = step.state === 'restored';
    return putBack(work, step, 'compensated', async () => {
      if (!refreshed) return;
      await findBeside(work.session, view);
      await (populated ? refreshView(work.session, view) : emptyView(work.session, view));
    });
  }
}

function is<Kind extends StepKind>(step: Step, kind: Kind): step is Step<Kind> {
  return step.kind === kind;
}

/**
 * Empties all tables of the run at once, and only when every row in them is the run's own. Foreign keys that the run has
 * put back already go again first: TRUNCATE refuses while a table outside refers to one of these.
 */
async function takeRowsAway(work: StepWork, step: Step<'rows'>): Promise<void> {
  const { session, run } = work;
  await changeTarget(session, run.run, { object: step.subject, rollback: true, onAttempt: work.beat }, async () => {
    const open = (await readSteps(session, run.run, 'rows')).filter((one) => one.state !== 'compensated');
    if (!open.some((one) => one.ordinal === step.ordinal)) return;
    const tables: Step<'rows'>[] = [];
    for (const one of open) if (await tableExists(session, one.detail.relation)) tables.push(one);
    await lockExclusively(
      session,
      tables.map((one) => one.detail.relation),
    );
    for (const { detail } of tables) await refuseForeignRows(work, detail.mapping, detail.relation);
    await dropForeignKeysAgain(work, tables);
    await withoutTriggers(
      work,
      tables.map((one) => one.detail),
      () =>
        truncateTables(
          session,
          tables.map((one) => one.detail.relation),
        ),
    );
    await dropHeld(session, run.run);
    for (const one of open) await setStepState(session, run.run, one.ordinal, 'compensated');
  });
}

async function refuseForeignRows(work: StepWork, mapping: string, table: QualifiedName): Promise<void> {
  const rows = await countForeignRows(work.session, work.run.run, mapping, table);
  if (rows === 0) return;
  const name = qualified(table);
  throw fail('RP7001', `${name} holds ${rows} rows that run ${work.run.run} did not write`, {
    where: { object: name },
  });
}

async function dropForeignKeysAgain(work: StepWork, tables: readonly Step<'rows'>[]): Promise<void> {
  const { session, run } = work;
  for (const step of await readSteps(session, run.run, 'foreign_key')) {
    if (step.state === 'compensated') continue;
    const { detail } = step;
    for (const node of [detail, ...detail.partitions]) {
      // a partition's constraint goes with the one it hangs on
      if ((await constraintState(session, node.relation, node.name)) === 'absent') continue;
      await session.query(dropForeignKeyStatement({ ...detail, relation: node.relation, name: node.name }));
    }
    await setStepState(session, run.run, step.ordinal, 'done');
  }
  const mapped = tables.map(({ detail }) => ({ name: detail.mapping, target: detail.relation }));
  const names = new Set(mapped.map(({ target }) => qualified(target)));
  const stray = (await readForeignKeys(session, mapped)).find(
    (key) => key.mapping === null && !names.has(qualified(key.relation)),
  );
  if (stray === undefined) return;
  throw fail(
    'RP7002',
    `Foreign key ${stray.name} of ${qualified(stray.relation)} points to ${qualified(stray.parent)}`,
    {
      where: { object: `${qualified(stray.relation)} ${stray.name}` },
    },
  );
}

/** Runs work on tables while none of their triggers fires; each is as before afterwards. */
async function withoutTriggers(
  work: StepWork,
  tables: readonly { mapping: string; relation: QualifiedName }[],
  change: () => Promise<void>,
): Promise<void> {
  const details: TriggersDetail[] = [];
  for (const { mapping, relation } of tables) {
    const found = await readTriggers(work.session, [{ name: mapping, target: relation }]);
    const triggers = found.map(({ trigger }) => ({ ...trigger, action: 'disable' as const }));
    details.push({ mapping, relation, triggers });
  }
  await runStatements(work.session, details.flatMap(silenceTriggerStatements));
  await change();
  await runStatements(work.session, details.flatMap(restoreTriggerStatements));
}

/** Writes the rows from before the run back and drops the table that kept them. */
async function bringRowsBack(work: StepWork, step: Step<'rows_saved'>): Promise<void> {
  const { session } = work;
  const { relation, saved, rows, columns, mapping } = step.detail;
  await putBack(work, step, 'compensated', async () => {
    const missing = fail(
      'RP7006',
      `Table ${qualified(saved)} does not hold the ${rows} rows of ${qualified(relation)} any more`,
      {
        where: { object: qualified(saved) },
      },
    );
    if (!(await rowproofTableExists(session, saved.name)) || (await countRows(session, saved)) !== rows) throw missing;
    await lockExclusively(session, [relation]);
    await withoutTriggers(work, [{ mapping, relation }], async () => {
      if (String(await putRowsBack(session, saved, relation, columns)) !== rows) throw missing;
    });
    await dropTable(session, saved);
  });
}

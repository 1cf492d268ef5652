import { fail } from '../../errors/rowproof-error';
import { dropDeferred } from '../../postgres/ledger/quarantine/deferred';
import { readSteps, setStepState } from '../../postgres/ledger/run/step';
import {
  countForeignRows,
  countRows,
  dropTable,
  lockExclusively,
  putRowsBack,
  refersAtAll,
  relationExists,
  rowproofTableExists,
  truncateTables,
} from '../../postgres/queries/rollback/rows';
import { changeTarget, runStatements } from '../../postgres/queries/schema-change/settings';
import { constraintState, readForeignKeys } from '../../postgres/queries/schema-change/foreign-key';
import { relationsNow } from '../../postgres/queries/schema-change/tree';
import { readTriggers } from '../../postgres/queries/schema-change/trigger';
import { emptyView, refreshView } from '../../postgres/queries/schema-change/view';
import { setSequence } from '../../postgres/queries/cutover/sequence';
import { describeDatabaseError, isRowMisfit } from '../../postgres/sqlstate';
import { dropForeignKeyStatement, restoreForeignKey } from '../../rollback/restore-foreign-key';
import { restoreTriggerStatements, silenceTriggerStatements } from '../../rollback/restore-triggers';
import type { ForeignKeyDetail, Step, StepKind, TriggersDetail } from '../../rollback/step-detail';
import type { QualifiedName } from '../../contract/catalog';
import { dotted, qualified } from '../../sql/quote';
import { restoreCheck } from '../settle/restore-checks';
import { putBack, restoreForeignKeyStep, restoreIndex, restoreTriggers } from '../prepare/restore-objects';
import { releaseGuard } from '../proof/guard';
import type { TargetWork } from '../target-work';
import { releaseFreeze } from './restore-sources';
import { asApplication } from '../../postgres/application-path';
import { counted } from '../../report/counted';
import { namedState } from '../../errors/sqlstate-names';
import type { Host } from '../host';
import { removeCaptureOf } from '../capture/install-capture';

/** Undoes one step; nothing when that was done before. RP7001, RP7002 where it would touch what is not the run's. */
export async function compensateStep(host: Host, work: TargetWork, step: Step): Promise<void> {
  if (step.state === 'compensated') return;
  // on the sources, in short transactions of their own; the step is closed once nothing is left there
  if (is(step, 'freeze')) {
    await releaseFreeze(host, work, step.detail);
    return putBack(work, step, 'compensated', () => Promise.resolve());
  }
  if (is(step, 'capture')) {
    await removeCaptureOf(host, work);
    return putBack(work, step, 'compensated', () => Promise.resolve());
  }
  if (is(step, 'guard')) return putBack(work, step, 'compensated', () => releaseGuard(work, 'compensated'));
  if (is(step, 'rows')) return takeRowsAway(work, step);
  if (is(step, 'rows_saved')) return bringRowsBack(work, step);
  if (is(step, 'index')) return restoreIndex(work, step, 'compensated');
  if (is(step, 'foreign_key')) return restoreForeignKeyStep(work, step, 'compensated');
  if (is(step, 'check')) return restoreCheck(work, step, 'compensated');
  if (is(step, 'triggers')) return restoreTriggers(work, step, 'compensated');
  if (is(step, 'sequence')) {
    const { sequence, shared, lastValue, isCalled } = step.detail;
    return putBack(work, step, 'compensated', async () => {
      // one that others draw from would give them values again
      if (shared || !(await relationExists(work.session, sequence))) return;
      await setSequence(work.session, sequence, { lastValue, isCalled });
    });
  }
  if (is(step, 'materialized_view')) {
    const { view, populated } = step.detail;
    // a view that the run never refreshed still holds what it held before
    const refreshed = step.state === 'restored';
    return putBack(work, step, 'compensated', async () => {
      if (refreshed && (await relationExists(work.session, view)))
        await asApplication(work.session, () =>
          populated ? refreshView(work.session, view) : emptyView(work.session, view),
        );
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
async function takeRowsAway(work: TargetWork, step: Step<'rows'>): Promise<void> {
  const { session, run } = work;
  const options = {
    object: step.subject,
    doing: `emptying ${dotted(step.detail.relation)} and the other tables of the run`,
    rollback: true,
    onAttempt: work.heartbeat,
  };
  await changeTarget(session, run.run, options, async () => {
    const open = (await readSteps(session, run.run, 'rows')).filter((one) => one.state !== 'compensated');
    if (!open.some((one) => one.ordinal === step.ordinal)) return;
    const tables: FilledTable[] = [];
    for (const one of open) tables.push(...(await tablesOf(work, one)));
    const relations = tables.map((one) => one.relation);
    await lockExclusively(session, relations);
    for (const { mapping, relation } of tables) await refuseForeignRows(work, mapping, relation);
    await dropForeignKeysAgain(work);
    const keys = await strangersKeys(work, tables);
    await runStatements(session, keys.map(dropForeignKeyStatement));
    await withoutTriggers(work, tables, () => truncateTables(session, relations));
    for (const { add, validate, comment } of keys.flatMap((key) => restoreForeignKey(key))) {
      await runStatements(
        session,
        [add, validate, comment].filter((statement) => statement !== null),
      );
    }
    await dropDeferred(session, run.run);
    for (const one of open) await setStepState(session, run.run, one.ordinal, 'compensated');
  });
}

interface FilledTable {
  readonly mapping: string;
  readonly relation: QualifiedName;
}

/** Tables that hold the rows of a mapping: its own, and those that were partitions of it and are tables of their own now. */
async function tablesOf({ session }: TargetWork, { detail }: Step<'rows'>): Promise<FilledTable[]> {
  const { mapping, relation, partitions } = detail;
  const now = await relationsNow(session, [relation, ...partitions]);
  const own = now.has(qualified(relation)) ? [relation] : [];
  const detached = partitions.filter((one) => now.get(qualified(one))?.parent === null);
  return [...own, ...detached].map((one) => ({ mapping, relation: one }));
}

async function refuseForeignRows(work: TargetWork, mapping: string, table: QualifiedName): Promise<void> {
  const rows = await countForeignRows(work.session, work.run.run, mapping, table);
  if (rows === 0) return;
  const name = qualified(table);
  throw fail('RP7001', `${name} holds ${counted(rows, 'row')} that run ${work.run.run} did not write`, {
    where: { object: name },
  });
}

async function dropForeignKeysAgain(work: TargetWork): Promise<void> {
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
}

/**
 * Foreign keys of others that came to these tables since, from tables of theirs. Where no row of such a table refers to anything, the
 * key steps aside until the tables are empty; else nothing is emptied (RP7002).
 */
async function strangersKeys(work: TargetWork, tables: readonly FilledTable[]): Promise<ForeignKeyDetail[]> {
  const { session } = work;
  const mapped = tables.map(({ mapping, relation }) => ({ name: mapping, target: relation }));
  const names = new Set(mapped.map(({ target }) => qualified(target)));
  const keys = (await readForeignKeys(session, mapped)).filter(
    (key) => key.mapping === null && !names.has(qualified(key.relation)),
  );
  for (const key of keys) {
    await lockExclusively(session, [key.relation]);
    if (!(await refersAtAll(session, key.relation, key.columns))) continue;
    throw fail('RP7002', `Foreign key ${key.name} of ${qualified(key.relation)} points to ${qualified(key.parent)}`, {
      where: { object: `${qualified(key.relation)} ${key.name}` },
    });
  }
  return keys;
}

/** Runs work on tables while none of their triggers fires; each is as before afterwards. */
async function withoutTriggers(
  work: TargetWork,
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

/** Writes the rows from before the run back and drops the table that kept them. RP7011 where others made the table refuse them. */
async function bringRowsBack(work: TargetWork, step: Step<'rows_saved'>): Promise<void> {
  try {
    await writeRowsBack(work, step);
  } catch (error) {
    const { sqlstate } = describeDatabaseError(error);
    if (!isRowMisfit(error)) throw error;
    const { relation, saved, rows } = step.detail;
    throw fail(
      'RP7011',
      `${qualified(relation)} no longer takes the ${counted(Number(rows), 'row')} that it held before the run`,
      {
        where: { object: qualified(relation) },
        why: `They are kept in ${qualified(saved)}, and the table refuses them with ${namedState(sqlstate ?? 'none')}: others changed its columns, rules or partitions.`,
        cause: error,
      },
    );
  }
}

async function writeRowsBack(work: TargetWork, step: Step<'rows_saved'>): Promise<void> {
  const { session } = work;
  const { relation, saved, rows, columns, mapping } = step.detail;
  await putBack(work, step, 'compensated', async () => {
    const missing = fail(
      'RP7006',
      `Table ${qualified(saved)} no longer holds the ${counted(Number(rows), 'row')} of ${qualified(relation)}`,
      {
        where: { object: qualified(saved) },
      },
    );
    if (!(await rowproofTableExists(session, saved.name)) || (await countRows(session, saved)) !== rows) throw missing;
    await lockExclusively(session, [relation]);
    await withoutTriggers(work, [{ mapping, relation }], async () => {
      const back = await asApplication(session, () => putRowsBack(session, saved, relation, columns));
      if (String(back) !== rows) throw missing;
    });
    await dropTable(session, saved);
  });
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { LogicalFacts } from '../../../capture/logical-facts';
import { fail, RowproofError } from '../../../errors/rowproof-error';
import type { Cursor } from '../../../postgres/ledger/follow/cursor';
import { withShortLock, type LockBudget } from '../../../postgres/queries/capture/lock';
import { currentSnapshot } from '../../../postgres/queries/copy/transaction';
import { readTrees } from '../../../postgres/queries/capture/tree';
import {
  createPublication,
  dropPublication,
  publishTable,
  readPublication,
} from '../../../postgres/queries/capture/logical-publication';
import { createSlot, dropSlot, openSince, openWriters, readSlot } from '../../../postgres/queries/capture/logical-slot';
import { setTimeouts } from '../../../postgres/queries/schema-change/settings';
import { isQueryCanceled, isDuplicateObject, isUndefinedObject } from '../../../postgres/sqlstate';
import { inTransaction } from '../../../postgres/transaction';
import type { CaptureDetail } from '../../../rollback/step-detail';
import { qualified } from '../../../sql/quote';
import type { Repaired, SourceCapture, SourceWork, Installed } from '../capture-kind';
import { checkLogical, readLogicalNow } from './check-slot';
import { slotName } from './names';
import { logicalProblems } from './preflight';
import { endHolder, whileFree } from './logical-source';
import { monitorLogical, monitorLogicalAlone } from './monitor-slot';

const pauseMs = 100;

/** Capture by a publication and a replication slot, read by SQL: keys go to `pending` on the target, then the slot is confirmed. */
export const logicalCapture: SourceCapture = {
  preflight: logicalProblems,
  describe,
  install,
  remove,
  watch: monitorLogical,
  monitorAlone: monitorLogicalAlone,
  repair,
  check: checkLogical,
};

function nameOf(work: Pick<SourceWork, 'run' | 'name' | 'sourceName'>): string {
  return slotName(work.run, work.name, work.sourceName);
}

function budgetOf({ run, heartbeat }: SourceWork): LockBudget {
  const { lockTimeoutMs, lockBudgetMs } = run.compiled.plan.settings.capture;
  return { lockTimeoutMs, lockBudgetMs, heartbeat };
}

function describe(work: SourceWork): CaptureDetail {
  const relations = new Map(work.relations.map(({ relation }) => [qualified(relation), relation]));
  return {
    source: work.sourceName,
    kind: 'logical',
    objects: { publication: nameOf(work), slot: nameOf(work) },
    relations: [...relations.values()],
  };
}

async function install(work: SourceWork): Promise<Installed> {
  const { source } = work;
  const name = nameOf(work);
  // a slot decodes with the catalogs of each moment, so the publication has to be older
  await publish(work, name);
  await makeSlot(work, name);
  await untilVisible(work);
  return inTransaction(source, 'repeatable read read only', async () => ({
    snapshot: await currentSnapshot(source),
    facts: { ...(await factsNow(work, name)) },
  }));
}

async function publish(work: SourceWork, name: string): Promise<void> {
  const { source, relations } = work;
  if ((await readPublication(source, name)) === null) {
    // nothing of ours drops a publication before its slot; a slot that is left would begin before the publication
    await takeSlot(work, name);
    await createPublication(source, name);
  }
  const trees = await readTrees(
    source,
    relations.map(({ relation }) => relation),
  );
  const roots = new Map(relations.map(({ relation }) => [qualified(relation), relation]));
  const size = (table: string): number => trees.get(table)?.length ?? 0;
  // parents first: a parent brings its children by inheritance
  for (const [table, relation] of [...roots].sort(([a], [b]) => size(b) - size(a))) {
    const oid = trees.get(table)?.[0]?.oid;
    if (oid === undefined) throw fail('RP5306', `Table ${table} is gone`, { where: { object: table } });
    const known = await readPublication(source, name);
    if (known?.tables.some((one) => one.oid === oid) === true) continue;
    await withShortLock(source, { name: table, oid }, budgetOf(work), () => publishTable(source, name, relation));
  }
}

/** Creates the slot unless a whole one is there; RP5358 when open transactions hold it up for longer than the lock budget. */
async function makeSlot(work: SourceWork, name: string): Promise<void> {
  const { source, run, heartbeat } = work;
  const { lockBudgetMs, lockTimeoutMs } = run.compiled.plan.settings.capture;
  const known = await readSlot(source, name);
  if (known !== null && known.confirmedLsn !== null) return;
  if (known !== null) await endHolder(source, name);
  await setTimeouts(source, { lockMs: 0, statementMs: lockBudgetMs });
  try {
    for (let attempt = 1; ; attempt += 1) {
      heartbeat();
      try {
        await createSlot(source, name);
        return;
      } catch (error) {
        if (isQueryCanceled(error)) throw await heldUp(work);
        // a session of an attempt that died is still creating it, and takes it along when it ends
        if (!isDuplicateObject(error) || attempt >= 20) throw error;
        await endHolder(source, name);
        await sleep(pauseMs);
      }
    }
  } finally {
    if (!source.closed) await setTimeouts(source, { lockMs: lockTimeoutMs, statementMs: 0 });
  }
}

async function heldUp({ source, sourceName }: SourceWork): Promise<RowproofError> {
  const who = await openWriters(source);
  const named = who.length === 0 ? 'they have just ended' : who.join(', ');
  return fail('RP5358', `Open transactions hold up the slot on source ${sourceName}: ${named}`, {
    where: { object: sourceName },
  });
}

/**
 * Waits until every transaction that was open when the slot stood has ended. One of them may have committed before the slot
 * begins and still be invisible (it waits for a standby): neither the slot nor a snapshot of now would have its changes.
 */
async function untilVisible(work: SourceWork): Promise<void> {
  const { source, heartbeat } = work;
  const since = await currentSnapshot(source);
  const end = Date.now() + work.run.compiled.plan.settings.capture.lockBudgetMs;
  while (await openSince(source, since)) {
    heartbeat();
    if (Date.now() > end) throw await heldUp(work);
    await sleep(pauseMs);
  }
}

async function factsNow({ source, relations }: SourceWork, name: string): Promise<LogicalFacts> {
  const slot = await readSlot(source, name);
  if (slot === null || slot.confirmedLsn === null)
    throw fail('RP5310', `Slot ${name} was removed while it was set up`, { where: { object: name } });
  return {
    kind: 'logical',
    slot: name,
    publication: name,
    startLsn: slot.confirmedLsn,
    ...(await readLogicalNow(source, name, relations)),
  };
}

async function remove(work: SourceWork, detail: CaptureDetail): Promise<void> {
  const name = nameOf(work);
  await takeSlot(work, detail.objects['slot'] ?? name);
  await dropPublication(work.source, detail.objects['publication'] ?? name);
}

/** Drops the slot; a session of ours that uses it is ended first. Nothing when it is gone. */
async function takeSlot({ source, heartbeat }: SourceWork, slot: string): Promise<void> {
  await whileFree(source, slot, heartbeat, async () => {
    if ((await readSlot(source, slot)) === null) return;
    await endHolder(source, slot);
    try {
      await dropSlot(source, slot);
    } catch (error) {
      if (!isUndefinedObject(error)) throw error;
    }
  });
}

/** All anew: what happened between the loss and now is in no slot, so every relation is read again whole. */
async function repair(work: SourceWork, cursor: Cursor): Promise<Repaired> {
  const problems = await logicalProblems(work);
  if (problems.length > 0) throw new RowproofError(problems);
  const { slot, publication } = cursor.capture as unknown as LogicalFacts;
  await takeSlot(work, slot);
  await dropPublication(work.source, publication);
  const { snapshot, facts } = await install(work);
  const restartLsn = (facts as unknown as LogicalFacts).startLsn;
  return { facts, snapshot, restartLsn, reread: work.relations.map(({ id }) => id) };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { CapturedRelation } from '../../../capture/captured-relations';
import type { Captured } from '../../../capture/logical-keys';
import { fail } from '../../../errors/rowproof-error';
import { readTrees, type TreeNode } from '../../../postgres/queries/capture/tree';
import { readSlot } from '../../../postgres/queries/capture/logical-slot';
import type { Session } from '../../../postgres/session';
import { isObjectInUse } from '../../../postgres/sqlstate';
import { terminateBackend } from '../../../postgres/terminate';
import { qualified } from '../../../sql/quote';

const pauseMs = 200;
/** How long others may use the slot before a session of ours among them is ended. */
const patienceMs = 5_000;
/** Times that the slot is asked for after that: a session needs a moment to end. */
const moreAttempts = 25;

/** Tables under each captured relation that hold rows, the relation itself included, as they are now. */
export async function leavesOf(
  source: Session,
  relations: readonly CapturedRelation[],
): Promise<{ relation: CapturedRelation; nodes: readonly TreeNode[] }[]> {
  const trees = await readTrees(
    source,
    relations.map(({ relation }) => relation),
  );
  return relations.map((relation) => ({
    relation,
    nodes: (trees.get(qualified(relation.relation)) ?? []).filter(({ kind }) => kind !== 'p'),
  }));
}

/** Which captured relations an oid of a message belongs to. */
export async function capturedOids(source: Session, relations: readonly CapturedRelation[]): Promise<Captured> {
  const byOid = new Map<number, CapturedRelation[]>();
  const unknown: CapturedRelation[] = [];
  const trees = await readTrees(
    source,
    relations.map(({ relation }) => relation),
  );
  for (const relation of relations) {
    const nodes = trees.get(qualified(relation.relation)) ?? [];
    if (nodes.length !== 1 || nodes[0]?.kind === 'p') unknown.push(relation);
    for (const { oid } of nodes) byOid.set(Number(oid), [...(byOid.get(Number(oid)) ?? []), relation]);
  }
  return { byOid, unknown };
}

/**
 * Does what needs the slot for itself. Waits for whoever uses it; a session of ours that does not let go (its client died while
 * the server decodes) is ended after `patience` milliseconds. RP5360 when it stays taken.
 */
export async function whileFree<T>(
  source: Session,
  slot: string,
  heartbeat: () => void,
  work: () => Promise<T>,
  patience = patienceMs,
): Promise<T> {
  let cause: unknown;
  const waits = Math.max(1, Math.ceil(patience / pauseMs));
  for (let attempt = 1; attempt <= waits + moreAttempts; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isObjectInUse(error)) throw error;
      cause = error;
    }
    heartbeat();
    if (attempt === waits) await endHolder(source, slot);
    await sleep(pauseMs);
  }
  throw fail('RP5360', `Slot ${slot} is used by another session`, { where: { object: slot }, cause });
}

/** Ends the session that uses the slot when it is one of ours. */
export async function endHolder(source: Session, slot: string): Promise<void> {
  const deferred = await readSlot(source, slot);
  if (deferred?.activePid == null || deferred.activeStart === null || deferred.activePid === source.pid) return;
  if (deferred.activeApplication?.startsWith('rowproof ') !== true) return;
  await terminateBackend(source, deferred.activePid, deferred.activeStart);
}

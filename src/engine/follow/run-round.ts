import type { CapturedRelation } from '../../capture/captured-relations';
import type { CompiledMapping } from '../../contract/compiled';
import type { ClassOf } from '../../copy/quarantined-row';
import { needsProvenance } from '../../delta/needs-provenance';
import { moveCursor, readCursors, setCaptureFacts } from '../../postgres/ledger/follow/cursor';
import { keepFindings } from '../../postgres/ledger/decision/finding';
import { readApplyLease, setApplyLeaseState, type ApplyLease } from '../../postgres/ledger/follow/apply-lease';
import { addBacklog, removePending } from '../../postgres/ledger/follow/pending';
import { recordRound } from '../../postgres/ledger/follow/round';
import { refreshStatistics } from '../../postgres/ledger/run/statistics';
import { disableTimeouts } from '../../postgres/queries/copy/transaction';
import { provenanceOf, rewrittenSince } from '../../postgres/queries/follow/round';
import type { Session } from '../../postgres/session';
import { CommitUnknownError, inTransaction } from '../../postgres/transaction';
import { fail } from '../../errors/rowproof-error';
import { applyRound } from './apply/apply-round';
import type { Applied, Incoming } from './round-contract';
import { pullSeen } from './take-in';
import { type LeaseHolder } from './apply-lease';
import { SourceReader } from './read-round';
import { ReadAhead, type ReadPieces } from './read-ahead';
import { targetKeyOf } from './target-key';
import { chooseWindow, openSnapshot, type SourceWindow } from './change-window';
import { faulty } from '../fault-injection';
import { during } from '../../postgres/refusal';
import { classOfFindings } from '../run/decisions';
import { fenceApplyLease, leaseLost, leaseRefused } from '../lease';
import { isRewritten } from '../../errors/error-kinds';

export interface RoundOutcome {
  /** Number of the last committed round; an idle round has none of its own. */
  readonly round: number;
  readonly keys: number;
  /** True when the round left nothing behind that its snapshots see. */
  readonly complete: boolean;
  /** Text of the snapshot of this round, by source. */
  readonly snapshots: ReadonlyMap<string, string>;
  readonly newFindings: readonly string[];
  readonly milliseconds: number;
}

export interface RoundOptions {
  /** At most so many keys of each source. */
  readonly limit: number;
  readonly heartbeat: () => void;
  /** Leaves the source transactions open after a round that is complete: the caller ends them. */
  readonly keepSources?: boolean;
}

/** Rounds made again at once because a table was truncated while they read it. */
const maxAttempts = 5;

/**
 * One round: a short snapshot of every source, the keys that changed in it, their rows as they are now, and one fenced
 * transaction of the target that applies them and moves the cursors. RP5401 when the apply lease went to somebody else, RP5402 when the
 * capture is not what it was: then the apply leases are stopped.
 */
export async function runRound(holder: LeaseHolder, options: RoundOptions): Promise<RoundOutcome> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await during('applying a round of changes', () => attemptRound(holder, options));
    } catch (error) {
      if (!isRewritten(error) || tried >= maxAttempts) throw error;
    }
  }
}

async function attemptRound(holder: LeaseHolder, options: RoundOptions): Promise<RoundOutcome> {
  const started = performance.now();
  options.heartbeat();
  const sources = new Map<string, Session>();
  let done = false;
  try {
    const snapshots = new Map<string, string>();
    for (const name of holder.sourceNames) sources.set(name, await holder.source(name));
    await Promise.all(
      [...sources].map(async ([name, session]) => {
        snapshots.set(name, await openSnapshot(session));
      }),
    );
    await pullSeen(holder, options.heartbeat);
    await refreshStatistics(holder.target);
    const lease = await ownLease(holder);
    const windows = await windowsOf(holder, sources, snapshots, options.limit);
    await stopWhereBroken(holder, windows);
    const outcome = await commitRound(holder, { lease, windows, sources, started, ...options });
    done = true;
    const newFindings = windows.flatMap(({ check }) => check.findings.map(({ id }) => id));
    return { ...outcome, snapshots, newFindings, milliseconds: performance.now() - started };
  } finally {
    if (!done || options.keepSources !== true) await endSnapshots([...sources.values()]);
  }
}

/** Ends read-only transactions; a session that cannot is destroyed. */
export async function endSnapshots(sessions: readonly Session[]): Promise<void> {
  await Promise.all(
    sessions
      .filter((session) => !session.closed && session.inTransaction)
      .map((session) => session.query('rollback').catch(() => session.destroy())),
  );
}

async function ownLease(holder: LeaseHolder): Promise<ApplyLease> {
  const lease = await readApplyLease(holder.target, holder.run.run, 'delta');
  const owned = lease?.state === 'open' && (lease.owner === holder.nonce || faulty(holder.host, 'fence'));
  if (lease === null || !owned) throw leaseRefused(holder.run.run, lease);
  return lease;
}

async function windowsOf(
  holder: LeaseHolder,
  sources: ReadonlyMap<string, Session>,
  snapshots: ReadonlyMap<string, string>,
  limit: number,
): Promise<SourceWindow[]> {
  const { run, target, signal } = holder;
  const cursors = await readCursors(target, run.run);
  return Promise.all(
    [...sources].map(async ([source, session]) => {
      const snapshot = snapshots.get(source) as string;
      const window = await chooseWindow({
        host: holder.host,
        run,
        source,
        session,
        target,
        cursors,
        snapshot,
        limit,
        signal,
      });
      // a broken round says that it consumed what it never saw; with a slot, `pending` is what says so, and the cursor has to stay true
      if (!faulty(holder.host, 'gate') || window.moveTo === null || run.compiled.plan.capture === 'logical')
        return window;
      return { ...window, moveTo: await holder.snapshotNow(source) };
    }),
  );
}

async function stopWhereBroken(holder: LeaseHolder, windows: readonly SourceWindow[]): Promise<void> {
  const broken = windows.find(({ check }) => check.stop !== null);
  if (broken === undefined) return;
  const { target, run, nonce } = holder;
  const reason = broken.check.stop as string;
  await inTransaction(target, 'read write', async () => {
    await fenceApplyLease(target, run.run, nonce, holder.host);
    await setApplyLeaseState(target, run.run, 'delta', 'stopped', reason);
    await setApplyLeaseState(target, run.run, 'intake', 'stopped', reason);
  });
  throw fail('RP5402', `Following source ${broken.source} of ${run.run} was stopped: ${reason}`, {
    where: { object: broken.source },
  });
}

interface Commit extends RoundOptions {
  readonly lease: ApplyLease;
  readonly windows: readonly SourceWindow[];
  readonly sources: ReadonlyMap<string, Session>;
  readonly started: number;
}

async function commitRound(
  holder: LeaseHolder,
  commit: Commit,
): Promise<Pick<RoundOutcome, 'round' | 'keys' | 'complete'>> {
  const { lease, windows } = commit;
  const keys = windows.reduce((sum, window) => sum + window.keys.length, 0);
  const complete = windows.every((window) => window.complete);
  const changes = windows.some(
    (window) =>
      window.backlog !== null ||
      window.check.capture !== null ||
      window.check.findings.length > 0 ||
      (window.moveTo !== null && window.moveTo !== window.cursor.snapshot),
  );
  if (keys === 0 && !changes) return { round: lease.round, keys, complete };
  if (faulty(holder.host, 'cursor')) await moveCursors(holder, windows);
  const round = lease.round + (keys === 0 ? 0 : 1);
  try {
    await inTransaction(holder.target, 'read write', () => writeRound(holder, commit, keys));
  } catch (error) {
    if (!(error instanceof CommitUnknownError) || holder.signal?.aborted === true) throw error;
    const committed = await holder.resolveLostCommit((session, now) =>
      keys > 0 ? Promise.resolve(now.round >= round) : stand(session, holder, windows),
    );
    if (!committed)
      throw fail(
        'RP5405',
        `The connection was lost while a round of ${holder.run.run} committed, and it did not commit`,
        {
          where: { object: holder.run.run },
        },
      );
  }
  return { round, keys, complete };
}

async function writeRound(holder: LeaseHolder, commit: Commit, keys: number): Promise<void> {
  const { run, target, nonce } = holder;
  const { windows, sources, started, heartbeat } = commit;
  await disableTimeouts(target);
  const lease = await fenceApplyLease(target, run.run, nonce, holder.host);
  if (keys > 0) {
    // nobody else can give this number away while the apply lease is locked
    const round = lease.round + 1;
    const classOf = await classOfFindings(target, run);
    const { incoming, end } = await incomingOf(holder, windows, classOf);
    const behind = new Set(windows.filter(({ complete }) => !complete).map(({ source }) => source));
    let applied: Applied;
    try {
      applied = await applyRound(
        { run, target, sources, round, rulesOn: lease.rulesOn, behind, classOf, heartbeat },
        incoming,
      );
    } finally {
      await end();
    }
    await refuseRewritten(windows);
    await recordRound(target, run.run, {
      round,
      xids: applied.xids,
      keys,
      written: applied.written,
      deleted: applied.deleted,
      quarantined: applied.quarantined,
      snapshots: Object.fromEntries(windows.map(({ source, snapshot }) => [source, snapshot])),
      sinceMs: performance.now() - started,
    });
  }
  for (const { source, taken, backlog, check } of windows) {
    if (
      taken.length > 0 &&
      (await removePending(target, run.run, source, taken)) < taken.length &&
      !faulty(holder.host, 'fence') &&
      !faulty(holder.host, 'closed')
    )
      throw fail('RP5410', `Waiting keys of source ${source} were moved while a round applied them`, {
        where: { object: source },
      });
    if (backlog !== null) await addBacklog(target, run.run, source, backlog());
    if (check.capture !== null) await setCaptureFacts(target, run.run, source, check.capture);
    if (check.findings.length > 0) await keepFindings(target, run.run, check.findings);
  }
  if (!faulty(holder.host, 'cursor')) await moveCursors(holder, windows);
}

async function refuseRewritten(windows: readonly SourceWindow[]): Promise<void> {
  for (const { source, session, relations, keys } of windows) {
    const read = new Set(keys.map(({ relation }) => relation));
    const tables = relations.filter(({ id }) => read.has(id)).map(({ relation }) => relation);
    if (tables.length > 0 && (await rewrittenSince(session, tables)))
      throw fail('RP5410', `A table of source ${source} was rewritten while a round read it`, {
        where: { object: source },
      });
  }
}

/** Compare and set: a cursor that stands elsewhere was moved by another holder. */
async function moveCursors({ host, target, run }: LeaseHolder, windows: readonly SourceWindow[]): Promise<void> {
  for (const { source, cursor, moveTo } of windows) {
    if (moveTo === null || moveTo === cursor.snapshot) continue;
    const moved = await moveCursor(target, run.run, source, cursor.snapshot, moveTo);
    if (!moved && !faulty(host, 'cursor') && !faulty(host, 'fence') && !faulty(host, 'closed'))
      throw leaseLost(run.run);
  }
}

async function stand(session: Session, { run }: LeaseHolder, windows: readonly SourceWindow[]): Promise<boolean> {
  const cursors = await readCursors(session, run.run);
  return windows.every(
    ({ source, moveTo }) =>
      moveTo === null || cursors.some((cursor) => cursor.source === source && cursor.snapshot === moveTo),
  );
}

/** What each mapping brings, in the order of the plan. Reading has begun; `end` it before the sources serve anything else. */
async function incomingOf(
  holder: LeaseHolder,
  windows: readonly SourceWindow[],
  classOf: ClassOf,
): Promise<{ incoming: Incoming[]; end: () => Promise<void> }> {
  const changed = new Map<string, { window: SourceWindow; keys: Set<string>; whole: boolean }>();
  for (const window of windows) {
    const byId = new Map<number, CapturedRelation>(window.relations.map((relation) => [relation.id, relation]));
    for (const { relation, key } of window.keys) {
      for (const mapping of byId.get(relation)?.mappings ?? []) {
        let entry = changed.get(mapping);
        if (entry === undefined) changed.set(mapping, (entry = { window, keys: new Set(), whole: false }));
        if (key === null) entry.whole = true;
        else entry.keys.add(key);
      }
    }
  }
  const due = holder.run.compiled.mappings.flatMap((mapping) => {
    const entry = changed.get(mapping.name);
    return entry === undefined ? [] : [{ mapping, ...entry, list: entry.whole ? null : [...entry.keys] }];
  });
  const reading = windows.map((window) => {
    const of = due.filter((one) => one.window === window);
    const ahead = new ReadAhead(
      of.map(({ mapping, list }) => new SourceReader(window.session, mapping, classOf, list)),
    );
    return { of, ahead };
  });
  const end = async (): Promise<void> => void (await Promise.all(reading.map(({ ahead }) => ahead.end())));
  try {
    const incoming: Incoming[] = [];
    for (const one of due) {
      const { of, ahead } = reading.find(({ of }) => of.includes(one)) as (typeof reading)[number];
      const pieces = ahead.pieces[of.indexOf(one)] as ReadPieces;
      const { mapping, whole, list } = one;
      const dirty = list === null ? [] : await dirtyKeys(holder, mapping, list);
      incoming.push({ mapping, whole, dirty, rows: pieces.rows(), rejected: pieces.rejected() });
    }
    return { incoming, end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function dirtyKeys(
  { target, run }: LeaseHolder,
  mapping: CompiledMapping,
  keys: readonly string[],
): Promise<{ sourceKey: string; targetKey: string | null }[]> {
  if (needsProvenance(mapping)) {
    const known = await provenanceOf(target, run.run, mapping.name, keys);
    return keys.map((sourceKey) => ({ sourceKey, targetKey: known.get(sourceKey) ?? null }));
  }
  const compute = targetKeyOf(mapping);
  return keys.map((sourceKey) => ({ sourceKey, targetKey: compute(sourceKey) }));
}

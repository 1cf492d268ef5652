import { randomUUID } from 'node:crypto';
import { fullXid } from '../../../capture/full-xid';
import type { LogicalFacts } from '../../../capture/logical-facts';
import { touchedKeys, type Captured } from '../../../capture/logical-keys';
import type { LogicalMessage } from '../../../capture/logical-message';
import { compareLsn, laterLsn } from '../../../capture/lsn';
import { RowproofError, fail } from '../../../errors/rowproof-error';
import { readCursors } from '../../../postgres/ledger/follow/cursor';
import { confirmLsn } from '../../../postgres/ledger/follow/intake';
import {
  lockApplyLease,
  readApplyLease,
  releaseApplyLease,
  takeApplyLease,
} from '../../../postgres/ledger/follow/apply-lease';
import { addPending, type PendingKey } from '../../../postgres/ledger/follow/pending';
import { refuseAfterRollback } from '../../../postgres/ledger/run/step';
import { pgoutputDecoder } from '../../../postgres/pgoutput';
import {
  advanceSlot,
  flushLsn,
  flushWal,
  insertLsn,
  nextXid,
  peekSlot,
} from '../../../postgres/queries/capture/logical-slot';
import type { Session } from '../../../postgres/session';
import { isLockTimeout, isSlotOrPublicationLost } from '../../../postgres/sqlstate';
import { inTransaction } from '../../../postgres/transaction';
import type { SourceWork } from '../capture-kind';
import { whyBroken } from './check-slot';
import { capturedOids, whileFree } from './logical-source';
import { stopBroken } from './stop-capture';
import { leaseLost, leaseRefused, underLeaseLock } from '../../lease';
import { isLeaseLost } from '../../../errors/error-kinds';

/** Both sessions are outside transactions and have no statement timeout. */
export interface IntakeWork extends Pick<
  SourceWork,
  'run' | 'sourceName' | 'name' | 'source' | 'target' | 'relations' | 'heartbeat'
> {
  /** How long another pull may keep the slot; as long as that usually takes where it is not given. */
  readonly slotPatienceMs?: number;
}

export interface Pulled {
  /** Changes of captured relations that came in; one that came before and was not confirmed counts again. */
  readonly changes: number;
  /** Everything before is durably in `pending`. */
  readonly confirmedLsn: string;
  /** True when all that was asked for came in. */
  readonly caughtUp: boolean;
  /** Transactions on the target that it took, and keys in the largest of them. */
  readonly chunks: number;
  readonly largestChunk: number;
}

export interface PullOptions {
  /** Up to where; null: up to what is on disk now. */
  readonly uptoLsn: string | null;
  /** Keys in one transaction on the target. */
  readonly chunkKeys?: number;
  /** Messages that one call of the server gives about at most. */
  readonly messages?: number;
}

const defaultChunkKeys = 10_000;
const defaultMessages = 100_000;
const copyRows = 1_000;
const takeovers = 5;

/** End of the WAL of a source now. Asked for right after a snapshot was taken, everything that it sees lies before. */
export function currentLsn(source: Session): Promise<string> {
  return insertLsn(source);
}

/**
 * Everything before `lsn` is in `pending` when this returns: brings it to disk if need be and pulls. When somebody else pulls at
 * the same time, what they stored counts too.
 */
export async function pullUpTo(work: IntakeWork, lsn: string): Promise<Pulled> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pullChanges(work, { uptoLsn: lsn });
    } catch (error) {
      if (!isLeaseLost(error) || attempt >= takeovers) throw error;
    }
  }
}

/**
 * Moves what the slot of a source has into `pending`, in fenced transactions of bounded size, and then lets the source forget
 * it. An attempt that dies anywhere leaves the slot where it was or further: what comes again and was stored is passed over.
 * RP5401 when another attempt took over, RP5402/RP5403 when the apply lease is stopped or closed, RP5361 when the slot cannot
 * be followed: the apply leases are stopped by name then.
 */
export async function pullChanges(work: IntakeWork, options: PullOptions): Promise<Pulled> {
  const { run, source, target } = work;
  const { facts, from } = await readIntake(work);
  // another attempt stores first and moves the slot after: what it stored since counts too
  const broken = await whyBroken(
    source,
    facts,
    async (lsn) => compareLsn(lsn, from) <= 0 || compareLsn(lsn, (await stillOn(work, facts)).from) <= 0,
  );
  if (broken !== null) throw await stopBroken(work, facts, broken);
  const upTo = await onDisk(source, options.uptoLsn);
  const tally: Tally = { changes: 0, chunks: 0, largest: 0 };
  if (compareLsn(upTo, from) > 0) {
    const nonce = randomUUID();
    const lease = await underLeaseLock(target, run.run, 'intake', 1, () =>
      takeApplyLease(target, run.run, 'intake', nonce),
    );
    if (lease === null) throw leaseRefused(run.run, await readApplyLease(target, run.run, 'intake'));
    // whoever had the apply lease before can store nothing any more
    const stored = (await stillOn(work, facts)).from;
    const captured = await capturedOids(source, work.relations);
    const pulled = (): Promise<boolean> =>
      whileFree(source, facts.slot, work.heartbeat, () => namingLoss(pull, () => pullOnce(pull)), work.slotPatienceMs);
    const pull: Pull = { ...work, ...options, facts, nonce, upTo, stored, captured, tally };
    while (!(await pulled())) work.heartbeat();
    await releaseApplyLease(target, run.run, 'intake', nonce).catch((error: unknown) => {
      // all came in: whoever locks the apply lease now takes it anyway
      if (!isLockTimeout(error)) throw error;
    });
  }
  const { changes, chunks, largest } = tally;
  return { changes, confirmedLsn: laterLsn(from, upTo), caughtUp: true, chunks, largestChunk: largest };
}

interface IntakeState {
  readonly facts: LogicalFacts;
  /** Everything before is durably in `pending`. */
  readonly from: string;
}

async function readIntake({ run, sourceName, target }: IntakeWork): Promise<IntakeState> {
  const cursor = (await readCursors(target, run.run)).find((one) => one.source === sourceName);
  if (cursor === undefined) throw leaseRefused(run.run, null);
  const facts = cursor.capture as unknown as LogicalFacts;
  return { facts, from: laterLsn(cursor.confirmedLsn, facts.startLsn) };
}

/** The same once more; a slot that was made anew meanwhile is another one to begin with. */
async function stillOn(work: IntakeWork, facts: LogicalFacts): Promise<IntakeState> {
  const now = await readIntake(work);
  if (now.facts.startLsn !== facts.startLsn) throw leaseLost(work.run.run);
  return now;
}

interface Tally {
  changes: number;
  chunks: number;
  largest: number;
}

interface Pull extends IntakeWork, PullOptions {
  readonly facts: LogicalFacts;
  readonly nonce: string;
  readonly upTo: string;
  /** Transactions that committed before are in `pending`, or were applied since. */
  readonly stored: string;
  readonly captured: Captured;
  readonly tally: Tally;
}

async function namingLoss<T>(pull: Pull, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RowproofError || !isSlotOrPublicationLost(error)) throw error;
    const reason = `Slot ${pull.facts.slot} or publication ${pull.facts.publication} is not what it was.`;
    throw await stopBroken(pull, pull.facts, (await whyBroken(pull.source, pull.facts, null)) ?? reason, error);
  }
}

/** One call of the server; true when it gave all up to where it was asked for. */
async function pullOnce(pull: Pull): Promise<boolean> {
  const { facts, source, tally } = pull;
  const messages = pull.messages ?? defaultMessages;
  const chunkKeys = pull.chunkKeys ?? defaultChunkKeys;
  const intake = new Intake(pull.captured, pull.stored);
  let received = 0;
  await inTransaction(source, 'repeatable read read only', async () => {
    intake.near = await nextXid(source);
    const decode = pgoutputDecoder();
    for await (const chunk of peekSlot(source, { ...facts, upTo: pull.upTo, messages })) {
      received += chunk.length;
      for (const data of chunk) {
        tally.changes += intake.take(decode(data));
        if (intake.size >= chunkKeys) await store(pull, intake.flush(), intake.whole);
      }
      pull.heartbeat();
    }
  });
  const all = received < messages;
  if (all) intake.whole = laterLsn(intake.whole, pull.upTo);
  await store(pull, intake.flush(), intake.whole);
  if (intake.whole !== null) await advanceSlot(source, facts.slot, intake.whole);
  return all;
}

/** Keys of the messages so far, each once for every transaction that touched it. */
class Intake {
  near = 0n;
  /** End of the last transaction that came in whole. */
  whole: string | null = null;
  private xid: string | null = null;
  private known = false;
  private readonly keys = new Map<string, PendingKey>();

  constructor(
    private readonly captured: Captured,
    private readonly stored: string,
  ) {}

  get size(): number {
    return this.keys.size;
  }

  /** How many changes it was. */
  take(message: LogicalMessage): number {
    if (message.kind === 'begin') {
      this.xid = fullXid(message.xid, this.near).toString();
      // it came before: a key of it may wait for a later transaction by now, and must not go back to this one
      this.known = compareLsn(message.commitLsn, this.stored) < 0;
    } else if (message.kind === 'commit') this.whole = message.endLsn;
    if (this.known) return 0;
    const touched = touchedKeys(message, this.captured);
    const { xid } = this;
    for (const { relation, key } of touched)
      this.keys.set(JSON.stringify([relation, key, xid]), { relation, key, xid });
    return touched.length === 0 ? 0 : 1;
  }

  flush(): PendingKey[] {
    const keys = [...this.keys.values()];
    this.keys.clear();
    return keys;
  }
}

/** The keys and how far they go, in one transaction that proves that this attempt still owns the intake. */
async function store(pull: Pull, keys: readonly PendingKey[], whole: string | null): Promise<void> {
  const { run, sourceName, target, nonce, tally } = pull;
  if (keys.length === 0 && whole === null) return;
  await inTransaction(target, 'read write', async () => {
    const lease = await lockApplyLease(target, run.run, 'intake');
    if (lease === null || lease.state !== 'open') throw leaseRefused(run.run, lease);
    if (lease.owner !== nonce) throw leaseLost(run.run);
    await refuseAfterRollback(target, run.run);
    if (keys.length > 0) await addPending(target, run.run, sourceName, inSlices(keys));
    if (whole !== null) await confirmLsn(target, run.run, sourceName, whole);
  });
  if (keys.length === 0) return;
  tally.chunks += 1;
  tally.largest = Math.max(tally.largest, keys.length);
}

async function* inSlices(keys: readonly PendingKey[]): AsyncGenerator<readonly PendingKey[]> {
  for (let at = 0; at < keys.length; at += copyRows) yield keys.slice(at, at + copyRows);
}

/** What can be decoded: only WAL that is on disk. */
async function onDisk(source: Session, lsn: string | null): Promise<string> {
  const flushed = await flushLsn(source);
  if (lsn === null || compareLsn(flushed, lsn) >= 0) return lsn ?? flushed;
  await flushWal(source);
  if (compareLsn(await flushLsn(source), lsn) < 0)
    throw fail('RP5363', 'The source did not flush its newest changes to disk');
  return lsn;
}

import type { CutoverResult, Writer } from '../../contract/delta';
import { subscriptionLine } from '../../cutover/checklist';
import { differing, missedSentence, seconds } from '../../cutover/words';
import { RowproofError } from '../../errors/rowproof-error';
import { isRollingBack } from '../../postgres/ledger/cutover';
import { readApplyLease } from '../../postgres/ledger/follow/apply-lease';
import {
  beginBounded,
  limitBarrier,
  subscribedRelations,
  waitingWriters,
} from '../../postgres/queries/cutover/barrier';
import type { Session } from '../../postgres/session';
import { describeDatabaseError, isInsufficientPrivilege } from '../../postgres/sqlstate';
import { extendIdleTimeout, takeBarrier, type Barrier, type BarrierAttempt } from './barrier';
import type { ClosingReconciliation } from './closing-counts';
import { lateLines } from './checklist';
import type { SourceWorks } from './source-sessions';
import { commitAll, createFreeze } from './commit-freeze';
import type { CutoverSteps } from './steps';
import { faulty } from '../fault-injection';
import { refusalSentence } from '../../errors/refusal-sentence';
import { functionBehind } from '../../postgres/queries/discovery/function-behind';
import { describeRefusal, during } from '../../postgres/refusal';
import { changedSinceProof, lockProved, rememberFrozen } from '../proof/proved-tables';
import { placesOf } from '../proof/live/touched-keys';
import type { Host } from '../host';
import { endsTheAttempts } from '../../errors/error-kinds';

/** What one attempt works with; all sessions belong to its caller. */
export interface AttemptWork extends SourceWorks {
  readonly host: Host;
  readonly steps: CutoverSteps;
  readonly advanceSequences: () => Promise<void>;
  readonly books: ClosingReconciliation;
  /** Keeps the target as it was proved, in a transaction of its own, until the attempt is over. */
  readonly kept: Session;
  readonly writers: readonly Writer[];
  /** Keys that changed since the proof and were proved again before writers were stopped. */
  readonly provedAhead: number;
}

/** Parts of the freeze, milliseconds, and who waited: for the ledger. */
type Measured = Record<string, number | string>;

export interface Attempted {
  readonly result: CutoverResult;
  readonly measured: Measured;
}

/** Which part of the freeze one lock may cost before its holder is ended. */
const lockShare = 8;

class Deadline extends Error {}
class Stop extends Error {
  constructor(
    readonly outcome: 'not_proved' | 'refused',
    sentence: string,
  ) {
    super(sentence);
  }
}

/**
 * Locks writers out, drains, proves what changed, advances sequences, creates the freeze and commits it; a drill rolls back instead. Until
 * the commit every way out leaves the writers free. Raises what is nobody's answer: cancellation, bugs, RP5504.
 */
export async function attemptCutover(work: AttemptWork, drill: boolean): Promise<Attempted> {
  const { run, name, relations, heartbeat, writers } = work;
  const { cutover } = run.compiled.plan.settings;
  const sessions = new Map<string, Session>();
  for (const source of relations.keys()) sessions.set(source, await work.freshSource(source));
  const limits = { ...cutover, idleMs: cutover.maxFreezeMs, fault: work.fault ?? null };
  const free = { freezeMs: 0, lockAttempts: 0, changedKeys: work.provedAhead, writers: [...writers] };
  let taken: BarrierAttempt;
  try {
    taken = await takeBarrier(name, relations, sessions, limits, heartbeat);
  } catch (error) {
    work.host.signal?.()?.throwIfAborted();
    const why = await expected(error);
    if (why === null) throw error;
    const outcome = isInsufficientPrivilege(error) ? ('refused' as const) : ('not_proved' as const);
    return { result: { ...free, outcome, sentence: `${why}; writers were not stopped.` }, measured: {} };
  }
  if ('missed' in taken) {
    const sentence = missedSentence(cutover.lockBudgetMs, taken);
    return { result: { ...free, outcome: 'lock', sentence, lockAttempts: taken.attempts }, measured: {} };
  }
  return underBarrier(work, taken.barrier, drill);
}

/** By so much the server's clock and this one may differ about the end of a freeze. */
const slackMs = 20;

async function underBarrier(work: AttemptWork, barrier: Barrier, drill: boolean): Promise<Attempted> {
  const { maxFreezeMs } = work.run.compiled.plan.settings.cutover;
  const measured: Measured = {};
  const deadline = new AbortController();
  const passed = (): number => performance.now() - barrier.since;
  let doing = 'locking';
  // a timer besides the checks: whatever hangs, the writers go on in time
  const timer = setTimeout(
    () => {
      deadline.abort(new Deadline());
      for (const session of barrier.sessions.values()) session.destroy();
    },
    Math.max(1, maxFreezeMs - passed()),
  );
  const check = (): void => {
    work.heartbeat();
    if (deadline.signal.aborted || passed() > maxFreezeMs) throw new Deadline();
  };
  const step = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    check();
    doing = what;
    const begun = performance.now();
    try {
      return await during(gerund(what), () => beforeAbort(deadline.signal, run()));
    } finally {
      measured[`${what}Ms`] = Math.round(performance.now() - begun);
    }
  };
  const limit = async (): Promise<void> => {
    for (const session of barrier.sessions.values()) await limitBarrier(session, maxFreezeMs - passed());
  };
  measured['lockMs'] = Math.round(passed());
  let changedKeys = work.provedAhead;
  const answer = (outcome: CutoverResult['outcome'], sentence: string): Attempted => ({
    result: {
      outcome,
      sentence,
      freezeMs: Math.round(passed()),
      lockAttempts: barrier.attempts,
      changedKeys,
      ...(measured['reconciliationMs'] === undefined ? {} : { reconciliationMs: Number(measured['reconciliationMs']) }),
      writers: [...work.writers],
    },
    measured,
  });
  try {
    const own = work.host.signal?.();
    const bounded: Host = {
      ...work.host,
      signal: () => (own === undefined ? deadline.signal : AbortSignal.any([own, deadline.signal])),
    };
    // after the locks: a rollback that began before them is seen, one that begins now finds this barrier
    await beforeAbort(deadline.signal, refuseLateAttempt(work));
    await step('drain', () => work.steps.drain(bounded, work.ref, check, Math.ceil(maxFreezeMs / lockShare)));
    await step('target', () => keepTarget(work, maxFreezeMs - passed()));
    // beside the proof of the keys: both only read
    const counting = timed(work.books.close(deadline.signal, maxFreezeMs - passed()));
    const proof = await step('prove', () => work.steps.proveTouched(bounded, work.ref));
    changedKeys += proof.keys;
    if (proof.differences > 0) {
      throw new Stop('not_proved', `${differing(proof)}${placesOf(proof)}`);
    }
    await step('check', async () => {
      await limit();
      await refuseLateRows(work, barrier);
    });
    const counted = await step('reconciliation', () => counting);
    measured['reconciliationMs'] = counted.ms;
    measured['books'] = work.run.compiled.plan.settings.cutover.books;
    if (counted.value.length > 0) throw new Stop('not_proved', `The books do not balance: ${firstOf(counted.value)}`);
    await step('sequences', () => work.advanceSequences());
    await step('triggers', async () => {
      if (faulty(work, 'freeze')) await extendIdleTimeout(barrier, work.name, maxFreezeMs);
      await limit();
      await createFreeze(barrier.sessions, work.relations, work.name, work.run.run);
      if (!drill) await rememberSources(work, barrier);
    });
    Object.assign(measured, await beforeAbort(deadline.signal, waited(work)));
    await beforeAbort(deadline.signal, refuseLateAttempt(work));
    check();
    if (drill) {
      await barrier.release();
      if (deadline.signal.aborted) throw new Deadline();
      return answer('drilled', `Writers waited ${seconds(passed())} (limit ${seconds(maxFreezeMs)}) and go on.`);
    }
    doing = 'committing';
    // from here on the time is the commit's: what was begun is looked up, not given up
    clearTimeout(timer);
    if (!(await commitAll(work, barrier))) throw new Stop('not_proved', 'The freeze could not be committed');
    return answer('frozen', `Writers are stopped; it took ${seconds(passed())}.`);
  } catch (error) {
    // the server's own limit is what was left when a statement began: it may be first
    const late = deadline.signal.aborted || error instanceof Deadline || passed() + slackMs >= maxFreezeMs;
    // what was left behind may still be at it
    if (late) work.ledger.destroy();
    await barrier.release();
    work.host.signal?.()?.throwIfAborted();
    const free = 'writers are free again and the run goes on following';
    if (late)
      return answer(
        'deadline',
        `The freeze reached its limit of ${seconds(maxFreezeMs)} while ${gerund(doing)}; ${free}.${roomForReconciliation(measured, maxFreezeMs)}`,
      );
    if (error instanceof Stop) return answer(error.outcome, `${error.message}; ${free}.`);
    const why = doing === 'committing' ? null : await expected(error);
    if (why === null) throw error;
    // a statement that was refused says itself what it was about
    const meanwhile = !why.includes(' while ') ? ` while ${gerund(doing)}` : '';
    return answer(stays(error) ? 'refused' : 'not_proved', `${why}${meanwhile}; ${free}.`);
  } finally {
    clearTimeout(timer);
    if (work.kept.inTransaction && !work.kept.closed)
      await work.kept.query('rollback').catch(() => work.kept.destroy());
  }
}

/** What work comes to, with its milliseconds. Whoever does not wait for it is not told that it failed. */
function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const begun = performance.now();
  const result = work.then((value) => ({ value, ms: Math.round(performance.now() - begun) }));
  result.catch(() => undefined);
  return result;
}

/** Looks once more whether the target is what was proved, under a lock that keeps ALTER and writers away until the attempt is over. */
async function keepTarget(work: AttemptWork, withinMs: number): Promise<void> {
  const { run, kept } = work;
  await beginBounded(kept, withinMs);
  await lockProved(kept, run);
  const { changed } = await changedSinceProof(kept, run, work);
  if (changed.length > 0) throw new Stop('not_proved', `The target changed since it was proved: ${firstOf(changed)}`);
}

/** What the sources consist of with their freeze, before it commits: whatever is changed on them later is seen. */
async function rememberSources({ run, ledger }: AttemptWork, barrier: Barrier): Promise<void> {
  for (const [source, session] of barrier.sessions) {
    const mappings = run.compiled.mappings.filter((mapping) => mapping.source === source);
    await rememberFrozen(ledger, run, session, mappings);
  }
}

function firstOf(sentences: readonly string[]): string {
  const more = sentences.length > 5 ? `; and ${sentences.length - 5} more` : '';
  return `${sentences.slice(0, 5).join('; ')}${more}`;
}

/** How counts that take a good part of the freeze would fit. */
function roomForReconciliation({ reconciliationMs }: Measured, maxFreezeMs: number): string {
  if (reconciliationMs === undefined || Number(reconciliationMs) * 4 < maxFreezeMs) return '';
  return ` ${seconds(Number(reconciliationMs))} of it went into counting both sides: allow a longer freeze (max_freeze), or count right before it (books: aligned). The approval of the cutover takes both for its attempt.`;
}

/** What came with the last rounds: rows that nobody decided about, or that a freeze would not keep from coming. */
async function refuseLateRows(work: AttemptWork, barrier: Barrier): Promise<void> {
  const lines = await lateLines(work);
  for (const [source, session] of barrier.sessions)
    lines.push(subscriptionLine(await subscribedRelations(session, work.relations.get(source) ?? [])));
  const open = lines.filter((line) => !line.ok);
  const said = open.map(({ sentence }) => sentence).join(' ');
  if (open.length > 0) throw new Stop('not_proved', said.replace(/\.$/, ''));
}

/** What `work` comes to, unless the signal comes first: then the work is left to itself, whatever it waits for. */
async function beforeAbort<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let onAbort: (() => void) | undefined;
  work.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}

async function refuseLateAttempt({ ledger, run }: AttemptWork): Promise<void> {
  if (await isRollingBack(ledger, run.run)) throw new Stop('refused', 'The run is being rolled back');
  const lease = await readApplyLease(ledger, run.run, 'delta');
  if (lease !== null && lease.state === 'open') {
    // before that rounds do not note the keys they touch: nothing would be proved
    if (!lease.rulesOn) throw new Stop('refused', 'The run has not settled yet');
    return;
  }
  throw new Stop(
    'refused',
    `Following is ${lease?.state ?? 'not set up'}${lease?.reason == null ? '' : `: ${lease.reason}`}`,
  );
}

async function waited(work: AttemptWork): Promise<Record<string, number>> {
  let sessions = 0;
  let longest = 0;
  for (const [source, relations] of work.relations) {
    const found = await waitingWriters(await work.source(source), relations);
    sessions += found.sessions;
    longest = Math.max(longest, found.longestMs);
  }
  return { waitingSessions: sessions, longestWaitMs: longest };
}

/** A sentence for what may go wrong on the way; null for what is a bug. */
export async function expected(error: unknown): Promise<string | null> {
  if (error instanceof RowproofError) return error.problems[0]?.what ?? error.code;
  const facts = describeDatabaseError(error);
  if (facts.isConnectionLoss) return 'The connection to a database was lost';
  const refused = describeRefusal(error, await functionBehind(error));
  return refused === null ? null : refusalSentence(refused).replace(/\.$/, '');
}

/** No other attempt can do better: a missing right, a run that is rolled back or switched over, an apply lease that was stopped. */
function stays(error: unknown): boolean {
  return isInsufficientPrivilege(error) || endsTheAttempts(error);
}

const gerunds: Readonly<Record<string, string>> = {
  drain: 'applying the last changes',
  target: 'comparing the target',
  reconciliation: 'counting both sides',
  prove: 'proving the keys that changed',
  check: 'checking the last changes',
  sequences: 'advancing sequences',
  triggers: 'creating the freeze',
};

function gerund(doing: string): string {
  return gerunds[doing] ?? doing;
}

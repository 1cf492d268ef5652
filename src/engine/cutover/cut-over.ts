import type { AttemptLimits, CutoverOverrides, CutoverResult } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import { limitsOf } from '../../cutover/overrides';
import { differing, seconds } from '../../cutover/words';
import { RowproofError } from '../../errors/rowproof-error';
import { endAttempt, isOpened, isRollingBack, readAttempts, startAttempt } from '../../postgres/ledger/cutover';
import { appendEvent } from '../../postgres/ledger/run/event';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { endBarrier } from './barrier';
import { attemptCutover, expected, type Attempted, type AttemptWork } from './attempt';
import { ClosingReconciliation } from './closing-counts';
import { recordFreeze, dropFreeze } from './freeze';
import { asTargetWork, frozenSources, onSources, type SourceWorks } from './source-sessions';
import type { CutoverSteps } from './steps';
import { writersOf } from './writers';
import { advanceSequencesAgain } from '../finish/advance-sequences';
import { placesOf } from '../proof/live/touched-keys';
import type { Host } from '../host';
import { isLeaseTaken } from '../../errors/error-kinds';
import { isLockMissed } from '../../postgres/sqlstate';

export const nothing = { freezeMs: 0, lockAttempts: 0, changedKeys: 0, writers: [] };

/**
 * One attempt at the cutover, or a drill. Idempotent: a freeze that stands on every source is the answer of the attempt that made it;
 * one that stands on some, because an attempt died, is lifted first.
 */
export function cutOver(
  host: Host,
  steps: CutoverSteps,
  ref: RunRef,
  options: { readonly drill: boolean; readonly by: string; readonly overrides?: CutoverOverrides },
): Promise<CutoverResult> {
  return onSources(host, ref, options.drill ? 'drill' : 'cutover', async (planned) => {
    const { ledger, run } = planned;
    const limits = limitsOf(run.compiled.plan.settings.cutover, options.overrides);
    const works = within(planned, limits);
    const refused = await refusal(works, options.drill);
    if (refused !== null) return refused;
    const frozen = await readExistingFreeze(works);
    if (frozen !== null) return frozen;
    const number = await onceFree(() =>
      inTransaction(ledger, 'read write', async () => {
        const started = await startAttempt(ledger, run.run, options.drill, options.by, limits);
        const kind = options.drill ? 'drill started' : 'cutover started';
        await appendEvent(ledger, run.run, kind, { attempt: started, by: options.by, limits });
        return started;
      }),
    );
    const prepared = await getReady(host, steps, works, options.drill);
    const attempted = 'result' in prepared ? prepared : await attempt(prepared, options.drill);
    const result = { ...attempted.result, limits };
    await record(works, number, options, { ...attempted, result });
    return result;
  });
}

/** The same, with the settings that this attempt goes by in place of the plan's; what was compiled and its digest stay. */
function within(works: SourceWorks, { maxFreezeMs, books }: AttemptLimits): SourceWorks {
  const { run } = works;
  const { plan } = run.compiled;
  const settings = { ...plan.settings, cutover: { ...plan.settings.cutover, maxFreezeMs, books } };
  return { ...works, run: { ...run, compiled: { ...run.compiled, plan: { ...plan, settings } } } };
}

async function attempt(work: AttemptWork, drill: boolean): Promise<Attempted> {
  try {
    return await attemptCutover(work, drill);
  } finally {
    await work.books.end();
  }
}

export async function refusal({ ledger, run }: SourceWorks, drill: boolean): Promise<CutoverResult | null> {
  const what = drill ? 'A drill' : 'A cutover';
  if (await isRollingBack(ledger, run.run))
    return { ...nothing, outcome: 'refused', sentence: `${what} is not possible: the run is being rolled back.` };
  if (await isOpened(ledger, run.run))
    return { ...nothing, outcome: 'refused', sentence: `${what} is not possible: the target is open already.` };
  return null;
}

/** The answer when everything is frozen; a barrier that an attempt left is ended, and what it left half frozen is lifted. */
export async function readExistingFreeze(works: SourceWorks): Promise<CutoverResult | null> {
  const { ledger, run } = works;
  for (const source of works.relations.keys())
    await endBarrier(await works.source(source), works.name, works.heartbeat);
  const states = await frozenSources(works);
  if (![...states.values()].includes('none') && ![...states.values()].includes('part')) {
    const last = (await readAttempts(ledger, run.run)).filter(({ drill }) => !drill).at(-1);
    const died = last?.outcome === null;
    const stand = 'Writers are stopped: an earlier attempt committed the freeze';
    const result: CutoverResult = {
      ...nothing,
      outcome: 'frozen',
      sentence: died
        ? `${stand}. It died before it could record how long that took: at most ${seconds(last.ageMs)}.`
        : `${stand}.`,
      freezeMs: died ? last.ageMs : (last?.freezeMs ?? 0),
      lockAttempts: last?.lockAttempts ?? 0,
      changedKeys: last?.changedKeys ?? 0,
      ...(last?.limits == null ? {} : { limits: last.limits }),
    };
    // an attempt that died before it could say so
    if (died) await record(works, last.attempt, last, { result, measured: {} });
    return result;
  }
  for (const [source, state] of states) {
    if (state !== 'none')
      await dropFreeze(await works.source(source), works.name, works.releaseLimits, works.heartbeat);
  }
  return null;
}

/** All that can be done before writers wait: the bulk of the changes, their proof, who writes, the intent. */
async function getReady(
  host: Host,
  steps: CutoverSteps,
  works: SourceWorks,
  drill: boolean,
): Promise<AttemptWork | Attempted> {
  const { run, ref, heartbeat } = works;
  const ended = (outcome: CutoverResult['outcome'], sentence: string): Attempted => ({
    result: { ...nothing, outcome, sentence },
    measured: {},
  });
  try {
    const patience = 30_000 + 4 * run.compiled.plan.settings.cutover.maxLagMs;
    const begun = performance.now();
    const late = new Error('late');
    const hurried = (): void => {
      heartbeat();
      if (performance.now() - begun > patience) throw late;
    };
    try {
      await steps.drain(host, ref, hurried);
    } catch (error) {
      if (error !== late) throw error;
      return ended('lag', `The target did not catch up within ${seconds(patience)}; writers were not stopped.`);
    }
    const proof = await steps.refreshProof(host, ref);
    if (proof.differences > 0) {
      const sentence = `${differing(proof)}${placesOf(proof)}; writers were not stopped.`;
      return ended('not_proved', sentence);
    }
    const writers = await writersOf(works.relations, works.source);
    if (!drill) await recordFreeze(works.ledger, run, works.source, heartbeat);
    const advanceSequences = (): Promise<void> => advanceSequencesAgain(asTargetWork(works, host), works.source);
    const kept = await works.freshLedger();
    const provedAhead = proof.keys;
    const books = await ClosingReconciliation.open(host, works);
    return { ...works, host, steps, writers, provedAhead, advanceSequences, kept, books };
  } catch (error) {
    host.signal?.()?.throwIfAborted();
    const known = error instanceof RowproofError;
    // more rounds, then another attempt: by then somebody else's lock is free
    const late = isLockMissed(error) || isLeaseTaken(error);
    if (!late && !known) throw error;
    return ended(late ? 'lag' : 'not_proved', `${await expected(error)}; writers were not stopped.`);
  }
}

export async function record(
  works: SourceWorks,
  attempt: number,
  options: { readonly drill: boolean; readonly by: string },
  { result, measured }: Attempted,
): Promise<void> {
  const { run } = works;
  // the ledger's session may have died with the target under it
  const session: Session = works.ledger.closed ? await works.freshLedger() : works.ledger;
  const write = async (): Promise<void> => {
    await endAttempt(session, run.run, attempt, result, measured);
    const { outcome, freezeMs, lockAttempts, changedKeys, sentence, writers, limits } = result;
    await appendEvent(session, run.run, options.drill ? 'drill' : 'cutover', {
      attempt,
      by: options.by,
      outcome,
      freezeMs,
      lockAttempts,
      changedKeys,
      sentence,
      writers,
      ...measured,
      ...(limits === undefined ? {} : { limits }),
    });
  };
  await onceFree(() => inTransaction(session, 'read write', write));
}

/** Lock timeouts that the ledger's events are waited for: an answer is not lost because another one is written. */
const maxMissed = 10;

async function onceFree<T>(work: () => Promise<T>): Promise<T> {
  for (let missed = 1; ; missed += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isLockMissed(error) || missed >= maxMissed) throw error;
    }
  }
}

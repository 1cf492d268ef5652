import { setTimeout as rest } from 'node:timers/promises';
import type { DeltaReport } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import { RoundSize } from '../../delta/round-size';
import { withHeartbeat } from '../heartbeat';
import { beginFollowing } from './begin-following';
import { readLag } from './read-lag';
import { isLent, LeaseHolder } from './apply-lease';
import { openQuestions } from './open-questions';
import { runRound } from './run-round';
import { throttled } from './throttle';
import type { Host } from '../host';
import { isLeaseLost } from '../../errors/error-kinds';

/** How often a holder that goes first is looked for. */
const lookMs = 200;
/** A holder that goes first and lives longer than that is no longer waited for. */
const maxBorrowedMs = 120_000;

interface Tally {
  rounds: number;
  keys: number;
  caughtUp: boolean;
  throttled: string | null;
  /** A round met something that nobody has decided about yet: it is told now, not at the end of the slice. */
  news: boolean;
}

/** Rounds for `forMs` milliseconds, or until the target has caught up; others who need the lease go first. */
export async function runRounds(
  host: Host,
  ref: RunRef,
  options: { forMs: number; untilCaughtUp: boolean },
): Promise<DeltaReport> {
  return withHeartbeat(host, { purpose: 'follow' }, async (progress) => {
    const holder = await LeaseHolder.connect(host, ref, 'follow');
    let succeeded = false;
    try {
      const tally: Tally = { rounds: 0, keys: 0, caughtUp: false, throttled: null, news: false };
      await follow(holder, options, tally, () => {
        holder.signal?.throwIfAborted();
        progress.rows = tally.keys;
      });
      await holder.release();
      const { lag, pending } = await readLag(holder);
      const open = await openQuestions(holder.target, holder.run);
      succeeded = true;
      const { rounds, keys, caughtUp } = tally;
      return { rounds, keys, lag, pending, caughtUp, throttled: tally.throttled, ...open };
    } catch (error) {
      holder.signal?.throwIfAborted();
      throw error;
    } finally {
      await holder.end(succeeded);
    }
  });
}

/** Rounds until the time is over, or the target caught up, or somebody who goes first took the apply lease. */
async function follow(
  holder: LeaseHolder,
  { forMs, untilCaughtUp }: { forMs: number; untilCaughtUp: boolean },
  tally: Tally,
  heartbeat: () => void,
): Promise<void> {
  const { delta, cutover } = holder.run.compiled.plan.settings;
  const started = performance.now();
  const left = (): number => forMs - (performance.now() - started);
  const pause = (milliseconds: number): Promise<void> =>
    rest(Math.max(0, Math.min(milliseconds, left())), undefined, holder.signal ? { signal: holder.signal } : {});
  while (await isLent(holder.target, holder.run.run)) {
    if (performance.now() - started > maxBorrowedMs) break;
    if (left() <= 0) return;
    await pause(lookMs);
  }
  try {
    await beginFollowing(holder, await holder.take());
    const size = new RoundSize(delta.roundKeys);
    do {
      heartbeat();
      tally.throttled = await whyThrottled(holder);
      if (tally.throttled !== null) {
        await pause(Math.max(lookMs, delta.pauseMs));
        continue;
      }
      const outcome = await runRound(holder, { limit: size.keys, heartbeat });
      if (outcome.keys > 0) tally.rounds += 1;
      tally.keys += outcome.keys;
      tally.news ||= outcome.newFindings.length > 0;
      size.took(outcome.keys, outcome.milliseconds);
      // a round that took long left behind what happened meanwhile
      tally.caughtUp = outcome.complete && outcome.milliseconds <= cutover.maxLagMs;
      if (tally.news || (untilCaughtUp && tally.caughtUp)) return;
      if (outcome.complete) await pause(delta.pauseMs);
    } while (left() > 0);
  } catch (error) {
    if (!isLeaseLost(error)) throw error;
    tally.caughtUp = false;
  }
}

async function whyThrottled(holder: LeaseHolder): Promise<string | null> {
  const { throttle } = holder.run.compiled.plan.settings.delta;
  if (Object.values(throttle).every((value) => value === null)) return null;
  for (const name of holder.sourceNames) {
    const why = await throttled(name, await holder.source(name), throttle);
    if (why !== null) return why;
  }
  return null;
}

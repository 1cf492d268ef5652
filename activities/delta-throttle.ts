import type { Settings } from '../src/contract/resolved-plan';
import { fail } from '../src/errors/rowproof-error';
import { lockWaits, replicaLagMs, throttleNumber } from '../src/postgres/queries/delta-throttle';
import type { Session } from '../src/postgres/session';

/** Why rounds should hold back now for the sake of a source; null when nothing speaks for it. RP5408 when the plan says stop. */
export async function throttled(
  source: string,
  session: Session,
  throttle: Settings['delta']['throttle'],
): Promise<string | null> {
  const { query, pauseAbove, abortAbove, maxReplicaLagMs, maxLockWaits } = throttle;
  if (query !== null) {
    const value = await throttleNumber(session, query);
    if (value === null)
      throw fail('RP5409', `The throttle query gives no number on source ${source}`, { where: { object: source } });
    if (abortAbove !== null && value > abortAbove)
      throw fail('RP5408', `The throttle query gives ${value} on source ${source}, more than ${abortAbove}`, {
        where: { object: source },
      });
    if (pauseAbove !== null && value > pauseAbove)
      return `the throttle query gives ${value} on source ${source}, more than ${pauseAbove}`;
  }
  if (maxReplicaLagMs !== null) {
    const lag = await replicaLagMs(session);
    if (lag === null)
      throw fail('RP5411', `Role ${session.connection.user} may not see the standbys of source ${source}`, {
        where: { object: source },
      });
    if (lag > maxReplicaLagMs) return `a standby of source ${source} is ${Math.round(lag)} ms behind`;
  }
  if (maxLockWaits !== null) {
    const waits = await lockWaits(session);
    if (waits > maxLockWaits) return `${waits} sessions of source ${source} wait for locks`;
  }
  return null;
}

import type { Settings } from '../../contract/resolved-plan';
import { fail } from '../../errors/rowproof-error';
import { lockWaits, replicaLagMs, throttleNumber } from '../../postgres/queries/follow/throttle';
import type { Session } from '../../postgres/session';
import { agreeing, counted } from '../../report/counted';

/** Why rounds should hold back now for the sake of a source; null when nothing speaks for it. RP5408 when the plan says stop. */
export async function throttled(
  source: string,
  session: Session,
  throttle: Settings['delta']['throttle'],
): Promise<string | null> {
  const { query, pauseAbove, abortAbove, maxReplicaLagMs, abortReplicaLagMs, maxLockWaits, abortLockWaits } = throttle;
  const stop = (why: string): never => {
    throw fail('RP5408', why, { where: { object: source } });
  };
  if (query !== null) {
    const value = await throttleNumber(session, query);
    if (value === null)
      throw fail('RP5409', `The throttle query gives no number on source ${source}`, { where: { object: source } });
    if (abortAbove !== null && value > abortAbove)
      stop(`The throttle query gives ${value} on source ${source}, more than ${abortAbove}`);
    if (pauseAbove !== null && value > pauseAbove)
      return `the throttle query gives ${value} on source ${source}, more than ${pauseAbove}`;
  }
  if (maxReplicaLagMs !== null || abortReplicaLagMs !== null) {
    const lag = await replicaLagMs(session);
    if (lag === null)
      throw fail('RP5411', `Role ${session.connection.user} may not see the standbys of source ${source}`, {
        where: { object: source },
      });
    const late = `standby of source ${source} is ${Math.round(lag)} ms behind`;
    if (abortReplicaLagMs !== null && lag > abortReplicaLagMs) stop(`A ${late}, more than ${abortReplicaLagMs} ms`);
    if (maxReplicaLagMs !== null && lag > maxReplicaLagMs) return `a ${late}`;
  }
  if (maxLockWaits !== null || abortLockWaits !== null) {
    const waits = await lockWaits(session);
    const queue = `${counted(waits, 'session')} of source ${source} ${agreeing(waits, 'waits', 'wait')} for locks`;
    if (abortLockWaits !== null && waits > abortLockWaits) stop(`${queue}, more than ${abortLockWaits}`);
    if (maxLockWaits !== null && waits > maxLockWaits) return queue;
  }
  return null;
}

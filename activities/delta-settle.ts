import type { Alignment } from './delta-contract';
import type { StepHost, StepWork } from './prepare-host';

/** How settle gets a moment in which the target is T(source); a round of the run that stays open. */
export type AlignForSettle = () => Promise<Alignment>;

/**
 * Settle of a run that follows: losers go to held tables and quarantine, and then rounds uphold the rules. Converges when
 * repeated from any point.
 */
export function settleFollowed(
  _host: StepHost,
  _work: StepWork,
  _align: AlignForSettle,
): Promise<{ adjusted: number; rounds: number }> {
  return Promise.reject(new Error('settleFollowed is not built yet'));
}

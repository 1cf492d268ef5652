import type { ChecklistLine, CutoverResult } from '../contract/delta';
import { notReady, onlyProofMissing, whyAgain } from '../progress/cutover-attempt';

/** What an attempt at the cutover, or a drill, does next; and what a run does after one. */

/** An attempt that met too much lag is repeated after more rounds, so often. */
const maxTries = 3;

/** Lines of the checklist that count: a drill needs nobody's approval, because it stops nothing for good. */
export function linesOf(all: readonly ChecklistLine[], drill: boolean): readonly ChecklistLine[] {
  return drill ? all.filter(({ name }) => name !== 'approval') : all;
}

/** Why the barrier is not tried at all; null where it is. A drill is made in any case. */
export function refusedBefore(lines: readonly ChecklistLine[], drill: boolean): CutoverResult | null {
  return !drill && lines.some(({ ok }) => !ok) ? notReady(lines) : null;
}

/** After the barrier: more rounds and another try, or an answer. */
export function afterBarrier({ outcome }: Pick<CutoverResult, 'outcome'>, tries: number): 'catch up' | 'answer' {
  return outcome === 'lag' && tries < maxTries ? 'catch up' : 'answer';
}

export type AfterAttempt =
  | { readonly next: 'open the target' }
  /** The proof is made again, and the approval counts for another attempt; or the gate asks, with `again`. */
  | { readonly next: 'prove' | 'ask'; readonly again: string };

/** After an approved attempt. `renewed`: its approval has had a proof made again already; whoever approved hears when that was not enough. */
export function afterAttempt(
  { lines, result }: { readonly lines: readonly ChecklistLine[]; readonly result: CutoverResult },
  renewed: boolean,
): AfterAttempt {
  if (result.outcome === 'frozen') return { next: 'open the target' };
  return { next: !renewed && onlyProofMissing(lines) ? 'prove' : 'ask', again: whyAgain(result) };
}

import type { AttemptLimits, FollowStatus, FreezeFacts } from '../contract/delta';
import { longestFreezeMs } from '../cutover/overrides';

/** Settings to approve the cutover, or to ask for a drill, with; as messages and commands carry them. */
export interface Terms {
  readonly max_freeze?: string;
  readonly books?: 'frozen' | 'aligned';
}

export interface Offer {
  /** `with …`, after `approve it`. */
  readonly how: string;
  readonly terms: Terms;
}

/**
 * What the gate of the cutover offers beside the plain approval: where the last attempt or drill reached the limit of its freeze, a larger
 * one or counts right before it; where it went well with settings of its own, the same ones again.
 */
export function cutoverOffers(follow: Pick<FollowStatus, 'drill' | 'freeze'> | undefined): Offer[] {
  const last = latest(follow?.drill ?? null, follow?.freeze ?? null);
  if (last?.limits === undefined) return [];
  const used = termsOf(last.limits);
  if (last.outcome === 'drilled' && last.limits.overridden.length > 0)
    return [{ how: 'with the settings of the last drill', terms: used }];
  if (last.outcome !== 'deadline') return [];
  const { maxFreezeMs, books } = last.limits;
  const larger = Math.min(longestFreezeMs, Math.ceil((2 * maxFreezeMs) / 1000) * 1000);
  return [
    ...(larger > maxFreezeMs
      ? [{ how: 'with a longer freeze', terms: { ...used, max_freeze: `${larger / 1000}s` } }]
      : []),
    ...(books === 'frozen'
      ? [{ how: 'with both sides counted right before the freeze', terms: { ...used, books: 'aligned' as const } }]
      : []),
  ];
}

function latest(drill: FreezeFacts | null, freeze: FreezeFacts | null): FreezeFacts | null {
  if (drill === null || freeze === null) return drill ?? freeze;
  return Date.parse(drill.at) > Date.parse(freeze.at) ? drill : freeze;
}

function termsOf({ maxFreezeMs, books, overridden }: AttemptLimits): Terms {
  return {
    ...(overridden.includes('max_freeze')
      ? { max_freeze: maxFreezeMs % 1000 === 0 ? `${maxFreezeMs / 1000}s` : `${maxFreezeMs}ms` }
      : {}),
    ...(overridden.includes('books') ? { books } : {}),
  };
}

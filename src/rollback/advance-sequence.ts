import type { SequenceDetail } from './step-detail';

/**
 * Where a sequence has to stand so that its next value is free: past every value given, by at least `margin`, on the
 * sequence's own grid, within its limits. Null when nothing was seen and it can stay.
 */
export function advancedPosition(
  sequence: Pick<SequenceDetail, 'start' | 'increment' | 'min' | 'max'>,
  now: { readonly lastValue: string; readonly isCalled: boolean },
  seen: readonly string[],
  margin: number,
): { lastValue: string; isCalled: boolean } | null {
  if (seen.length === 0) return null;
  const step = BigInt(sequence.increment);
  const up = step > 0n;
  const size = up ? step : -step;
  // a descending sequence is an ascending one of the negated values
  const sign = up ? 1n : -1n;
  const limit = up ? BigInt(sequence.max) : -BigInt(sequence.min);
  const extreme = seen.map((value) => sign * BigInt(value)).reduce((a, b) => (a > b ? a : b));
  const given = sign * BigInt(now.lastValue) - (now.isCalled ? 0n : size);
  let value = extreme + BigInt(Math.max(0, Math.round(margin)));
  if (value > limit) value = extreme > limit ? limit : extreme;
  if (value <= given) return null;
  const start = sign * BigInt(sequence.start);
  const offset = (((value - start) % size) + size) % size;
  const onGrid = offset === 0n ? value : value + size - offset;
  if (onGrid <= limit) value = onGrid;
  const min = up ? BigInt(sequence.min) : -BigInt(sequence.max);
  if (value < min) return null;
  return { lastValue: (sign * value).toString(), isCalled: true };
}

/** The position after which a sequence that cycles gives its next value: the last value given, or its end when that lies outside. */
export function withinLimits(
  { min, max, increment }: Pick<SequenceDetail, 'min' | 'max' | 'increment'>,
  given: string,
): { lastValue: string; isCalled: boolean } {
  const value = BigInt(given);
  const inside = value >= BigInt(min) && value <= BigInt(max);
  return { lastValue: inside ? given : increment.startsWith('-') ? min : max, isCalled: true };
}

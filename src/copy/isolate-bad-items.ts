/** A half-open interval of positions. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

function splitSpan(span: Span): readonly [Span, Span] {
  const middle = span.from + Math.floor((span.to - span.from) / 2);
  return [
    { from: span.from, to: middle },
    { from: middle, to: span.to },
  ];
}

function spanSize(span: Span): number {
  return span.to - span.from;
}

export function slices(total: number, size: number): Span[] {
  const spans: Span[] = [];
  for (let from = 0; from < total; from += size) spans.push({ from, to: Math.min(total, from + size) });
  return spans;
}

/**
 * Finds exactly the items that cannot pass, in order, by halving: `attempt` takes a span and returns null when all of it
 * passed, else why not (and has then undone whatever it did). Lower positions go first, so of two items that exclude each
 * other the lower one passes.
 */
export async function isolateBadItems<Failure>(
  span: Span,
  attempt: (span: Span) => Promise<Failure | null>,
  bad: (position: number, failure: Failure) => Promise<void>,
): Promise<void> {
  const open: Span[] = [span];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (spanSize(next) === 0) continue;
    const failure = await attempt(next);
    if (failure === null) continue;
    if (spanSize(next) === 1) {
      await bad(next.from, failure);
      continue;
    }
    const [low, high] = splitSpan(next);
    open.push(high, low);
  }
}

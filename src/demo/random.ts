/** A seeded generator (mulberry32): the same seed gives the same legacy database on every machine. */
export interface Random {
  /** 0 <= n < limit. */
  below(limit: number): number;
  pick<T>(items: readonly T[]): T;
  /** True about once in `one`. */
  oneIn(one: number): boolean;
}

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    pick: (items) => items[below(items.length)] as (typeof items)[number],
    oneIn: (one) => below(one) === 0,
  };
}

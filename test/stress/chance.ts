/** Chance from a seed: the same seed gives the same course of decisions (mulberry32). */
export interface Chance {
  /** In [0, 1). */
  next(): number;
  /** An integer from `from` to `to`, both included. */
  int(from: number, to: number): number;
  /** True in `share` of the cases. */
  in(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of the names, as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T;
  /** Chance of its own for `name`: what others draw does not change it. */
  fork(name: string): Chance;
}

export function chanceFrom(seed: number, name = ''): Chance {
  let state = hash(`${seed}/${name}`);
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    int,
    in: (share) => next() < share,
    pick: (from) => from[int(0, from.length - 1)] as never,
    weighted: (weights) => {
      const entries = Object.entries<number>(weights);
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of entries) if ((left -= weight) < 0) return value as never;
      return entries.at(-1)?.[0] as never;
    },
    fork: (child) => chanceFrom(seed, `${name}/${child}`),
  };
}

function hash(text: string): number {
  let value = 2_166_136_261;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 16_777_619);
  return value | 0;
}

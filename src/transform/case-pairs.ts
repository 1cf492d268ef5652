import { canEncode } from './encoding';

/**
 * Case mapping as rowproof pins it: simple pairs that map both ways (Unicode 17) of Latin-1, Latin Extended-A, -B and
 * Additional, Greek, Cyrillic and Armenian. A locale's own table would differ between servers, and full mapping (`ß` to
 * `SS`) between PostgreSQL and JavaScript; whatever is not here stays as it is (`ß`, `ı`, `İ`, `ς`).
 * Runs: first upper-case code point, count, step, distance to lower case.
 */
// prettier-ignore
const runs: readonly (readonly [number, number, number, number])[] = [
  [0x00c0, 23, 1, 32], [0x00d8, 7, 1, 32], [0x0100, 24, 2, 1], [0x0132, 3, 2, 1], [0x0139, 8, 2, 1], [0x014a, 23, 2, 1],
  [0x0178, 1, 1, -121], [0x0179, 3, 2, 1], [0x0181, 1, 1, 210], [0x0182, 2, 2, 1], [0x0186, 1, 1, 206], [0x0187, 1, 1, 1],
  [0x0189, 2, 1, 205], [0x018b, 1, 1, 1], [0x018e, 1, 1, 79], [0x018f, 1, 1, 202], [0x0190, 1, 1, 203], [0x0191, 1, 1, 1],
  [0x0193, 1, 1, 205], [0x0194, 1, 1, 207], [0x0196, 1, 1, 211], [0x0197, 1, 1, 209], [0x0198, 1, 1, 1], [0x019c, 1, 1, 211],
  [0x019d, 1, 1, 213], [0x019f, 1, 1, 214], [0x01a0, 3, 2, 1], [0x01a6, 1, 1, 218], [0x01a7, 1, 1, 1], [0x01a9, 1, 1, 218],
  [0x01ac, 1, 1, 1], [0x01ae, 1, 1, 218], [0x01af, 1, 1, 1], [0x01b1, 2, 1, 217], [0x01b3, 2, 2, 1], [0x01b7, 1, 1, 219],
  [0x01b8, 1, 1, 1], [0x01bc, 1, 1, 1], [0x01c4, 1, 1, 2], [0x01c7, 1, 1, 2], [0x01ca, 1, 1, 2], [0x01cd, 8, 2, 1],
  [0x01de, 9, 2, 1], [0x01f1, 1, 1, 2], [0x01f4, 1, 1, 1], [0x01f6, 1, 1, -97], [0x01f7, 1, 1, -56], [0x01f8, 20, 2, 1],
  [0x0220, 1, 1, -130], [0x0222, 9, 2, 1], [0x023a, 1, 1, 10795], [0x023b, 1, 1, 1], [0x023d, 1, 1, -163],
  [0x023e, 1, 1, 10792], [0x0241, 1, 1, 1], [0x0243, 1, 1, -195], [0x0244, 1, 1, 69], [0x0245, 1, 1, 71], [0x0246, 5, 2, 1],
  [0x0370, 2, 2, 1], [0x0376, 1, 1, 1], [0x037f, 1, 1, 116], [0x0386, 1, 1, 38], [0x0388, 3, 1, 37], [0x038c, 1, 1, 64],
  [0x038e, 2, 1, 63], [0x0391, 17, 1, 32], [0x03a3, 9, 1, 32], [0x03cf, 1, 1, 8], [0x03d8, 12, 2, 1], [0x03f7, 1, 1, 1],
  [0x03f9, 1, 1, -7], [0x03fa, 1, 1, 1], [0x03fd, 3, 1, -130], [0x0400, 16, 1, 80], [0x0410, 32, 1, 32], [0x0460, 17, 2, 1],
  [0x048a, 27, 2, 1], [0x04c0, 1, 1, 15], [0x04c1, 7, 2, 1], [0x04d0, 48, 2, 1], [0x0531, 38, 1, 48], [0x1e00, 75, 2, 1],
  [0x1ea0, 48, 2, 1],
];

export interface CasePairs {
  /** The non-ASCII characters of each case, index by index. */
  readonly upper: string;
  readonly lower: string;
  readonly toUpper: ReadonlyMap<string, string>;
  readonly toLower: ReadonlyMap<string, string>;
}

const byEncoding = new Map<string, CasePairs>();

/** The pairs of which both characters exist in the server encoding, without ASCII. */
export function casePairs(encoding: string): CasePairs {
  const known = byEncoding.get(encoding);
  if (known !== undefined) return known;
  const pairs = runs
    .flatMap(([first, count, step, distance]) =>
      Array.from({ length: count }, (_, index) => {
        const upper = first + index * step;
        return [String.fromCodePoint(upper), String.fromCodePoint(upper + distance)] as const;
      }),
    )
    .filter(([upper, lower]) => canEncode(encoding, upper + lower));
  const table: CasePairs = {
    upper: pairs.map(([upper]) => upper).join(''),
    lower: pairs.map(([, lower]) => lower).join(''),
    toLower: new Map(pairs),
    toUpper: new Map(pairs.map(([upper, lower]) => [lower, upper])),
  };
  byEncoding.set(encoding, table);
  return table;
}

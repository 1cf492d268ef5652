import { bindStatement } from '../../compile/statements/bind-statement';
import { keyParts, keyText } from '../../contract/key';
import { rowsByKeys } from '../../postgres/queries/proof/rows';
import { readRows } from '../../postgres/read-rows';
import { mergeRows } from '../../validate/merge-rows';
import type { ActualRow, ExpectedRow } from '../../validate/row';
import { Tally, type RowDigests, type Suspect } from '../../validate/tally';
import type { Comparison } from './compare-rows';
import { expectedRows } from './expected-rows';
import { largeValueTag } from '../run/digests';
import { sourceStatement } from '../run/source-statement';

const silent = { expected: () => undefined, actual: () => undefined };

export interface KeysRead {
  readonly tally: Tally;
  /** Target keys at which a row is expected. */
  readonly expected: readonly string[];
}

/**
 * Compares the rows of these source keys and what stands at these target keys, both found by key. `except`: source keys that are
 * not read. The snapshots are the caller's.
 */
export async function compareKeys(
  { work, sides, expectation, shape }: Comparison,
  sourceKeys: readonly string[],
  targetKeys: readonly string[],
  except: readonly string[],
  digests: RowDigests = silent,
): Promise<KeysRead> {
  const { run, mapping } = work;
  const large = largeValueTag(run);
  const tally = new Tally(shape.keyPlaces, digests);
  const raw = sourceStatement(run, mapping, mapping.statements.raw, { only: sourceKeys, except, large });
  const expected: ExpectedRow[] = [];
  if (sourceKeys.length > 0) {
    for await (const rows of expectedRows(expectation, [await readRows(sides.source, raw)], tally))
      expected.push(...rows);
  }
  const existing = expected.map((row) => keyText(shape.keyPlaces.map((place) => row.values[place] as string)));
  const wanted = [...new Set([...existing, ...targetKeys])];
  const stored = bindStatement(mapping.statements.actualByKey, { large });
  const found = wanted.length === 0 ? [] : await rowsByKeys(sides.target, stored, wanted);
  const actual: ActualRow[] = found.map(([key, ...values]) => [...keyParts(key as string), ...values]);

  const places = shape.keyPlaces.map((_, index) => index);
  expected.sort((a, b) => shape.compare(a.values, shape.keyPlaces, b.values, shape.keyPlaces));
  actual.sort((a, b) => shape.compare(a, places, b, places));
  await mergeRows(shape, [expected], [actual], tally);
  return { tally, expected: existing };
}

/**
 * Reads the rows of suspects again by their keys, on both sides, and says what looks wrong about them now. The snapshots
 * are the caller's.
 */
export async function readAgain(comparison: Comparison, suspects: readonly Suspect[]): Promise<readonly Suspect[]> {
  const { run, mapping, refused } = comparison.work;
  const targetKeys = new Set(suspects.flatMap(({ targetKey }) => (targetKey === null ? [] : [keyText(targetKey)])));
  const sourceKeys = new Set(suspects.flatMap(({ sourceKey }) => (sourceKey === null ? [] : [sourceKey])));
  const owners = sourceStatement(run, mapping, mapping.statements.keysOfTargets, { except: refused });
  for (const [key] of await rowsByKeys(comparison.sides.source, owners, [...targetKeys])) sourceKeys.add(key as string);
  const { tally } = await compareKeys(comparison, [...sourceKeys], [...targetKeys], refused);
  return tally.suspects;
}

import { keyParts, keyText } from '../src/contract/key';
import { rowsByKeys } from '../src/postgres/queries/proof-rows';
import { readRows } from '../src/postgres/read-rows';
import { mergeRows, type MergeShape } from '../src/validate/merge-rows';
import type { ActualRow, ExpectedRow } from '../src/validate/row';
import { Tally, type Suspect } from '../src/validate/tally';
import { expectedRows, type ExpectationWork } from './validation-expected';
import { sourceStatement } from './validation-host';
import type { Sides } from './validation-sides';
import type { ProofWork } from './validation-slice';

const silent = { expected: () => undefined, actual: () => undefined };

/**
 * Reads the rows of suspects again by their keys, on both sides, and says what looks wrong about them now. The snapshots
 * are the caller's.
 */
export async function readAgain(
  work: ProofWork,
  sides: Sides,
  expectation: ExpectationWork,
  shape: MergeShape,
  suspects: readonly Suspect[],
): Promise<readonly Suspect[]> {
  const { run, mapping } = work;
  const targetKeys = new Set(suspects.flatMap(({ targetKey }) => (targetKey === null ? [] : [keyText(targetKey)])));
  const sourceKeys = new Set(suspects.flatMap(({ sourceKey }) => (sourceKey === null ? [] : [sourceKey])));
  const except = work.refused;
  const owners = sourceStatement(run, mapping, mapping.statements.keysOfTargets, { except });
  for (const [key] of await rowsByKeys(sides.source, owners, [...targetKeys])) sourceKeys.add(key as string);

  const tally = new Tally(shape.keyPlaces, silent);
  const raw = sourceStatement(run, mapping, mapping.statements.raw, { only: [...sourceKeys], except });
  const expected: ExpectedRow[] = [];
  for await (const rows of expectedRows(expectation, [await readRows(sides.source, raw)], tally))
    expected.push(...rows);
  for (const row of expected) targetKeys.add(keyText(shape.keyPlaces.map((place) => row.values[place] as string)));
  const found = await rowsByKeys(sides.target, mapping.statements.actualByKey, [...targetKeys]);
  const actual: ActualRow[] = found.map(([key, ...values]) => [...keyParts(key as string), ...values]);

  const places = shape.keyPlaces.map((_, index) => index);
  expected.sort((a, b) => shape.compare(a.values, shape.keyPlaces, b.values, shape.keyPlaces));
  actual.sort((a, b) => shape.compare(a, places, b, places));
  await mergeRows(shape, [expected], [actual], tally);
  return tally.suspects;
}

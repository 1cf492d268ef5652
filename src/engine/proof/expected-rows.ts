import { isMultiset } from '../../compile/key/row-identity';
import type { CompiledMapping } from '../../contract/compiled';
import type { QuarantineBook } from '../../postgres/ledger/proof/proof-quarantine';
import { canonicalTexts } from '../../postgres/queries/proof/rows';
import type { Session } from '../../postgres/session';
import { createExpectRow, type ExpectRow, type RecomputedRow } from '../../validate/expect-row';
import type { ExpectedRow } from '../../validate/row';
import type { Tally } from '../../validate/tally';
import { formattedAs, isRefusal } from '../copy/refused-value';

/** One row of `raw`: the key text, then the raw columns; of a row without a key, then what its contents are known by. */
type RawRow = readonly (string | null)[];

export interface ExpectationWork {
  readonly mapping: CompiledMapping;
  /** Takes the raw columns of one row. */
  readonly recompute: (raw: RawRow) => RecomputedRow;
  readonly quarantine: QuarantineBook;
  /** A session on the target that nothing else uses: it spells what TypeScript cannot. */
  readonly target: Session;
}

interface PendingRow {
  readonly sourceKey: string;
  readonly values: (string | null)[];
  readonly contents?: readonly string[];
  readonly server: readonly number[] | null;
  unknown: number[] | null;
}

/** Fills in canonical texts; halves the rows while one of them raises, down to single rows whose columns stay unknown. */
async function format(work: ExpectationWork, rows: readonly PendingRow[], places: readonly number[]): Promise<void> {
  if (rows.length === 0) return;
  const columns = places.map((place) => ({
    ...formattedAs(work.mapping, place),
    texts: rows.map((row) => (row.server?.includes(place) === true ? (row.values[place] ?? null) : null)),
  }));
  try {
    const formatted = await canonicalTexts(work.target, columns);
    for (const [index, row] of rows.entries()) {
      for (const [at, place] of places.entries()) {
        if (row.server?.includes(place) === true) row.values[place] = formatted[index]?.[at] ?? null;
      }
    }
  } catch (error) {
    if (!isRefusal(work.mapping, error)) throw error;
    if (rows.length === 1) {
      (rows[0] as PendingRow).unknown = [...places];
      return;
    }
    const half = Math.ceil(rows.length / 2);
    await format(work, rows.slice(0, half), places);
    await format(work, rows.slice(half), places);
  }
}

function recomputed(work: ExpectationWork, raw: RawRow): RecomputedRow | null {
  try {
    return work.recompute(raw.slice(1));
  } catch {
    // a row that recomputation cannot take is never green: it counts as unverifiable
    return null;
  }
}

function sortOut(
  work: ExpectationWork,
  expectRow: ExpectRow,
  raw: RawRow,
  entries: Entries,
  tally: Tally,
): PendingRow | null {
  const sourceKey = raw[0] as string;
  const expectation = expectRow(recomputed(work, raw), entries.get(sourceKey));
  switch (expectation.kind) {
    case 'row':
      return { sourceKey, values: expectation.values, server: expectation.server, unknown: null };
    case 'decided':
      tally.decided();
      return null;
    case 'misplaced':
      tally.misplaced(sourceKey, expectation.columns);
      return null;
    case 'unknown':
      tally.unknown(sourceKey, expectation.columns);
      return null;
  }
}

type Entries = Awaited<ReturnType<QuarantineBook['find']>>;

/**
 * Turns raw source rows into the rows that must stand in the target, in the order they come. What must stay behind or
 * cannot be said goes to `tally` at once.
 */
export async function* expectedRows(
  work: ExpectationWork,
  chunks: AsyncIterable<readonly RawRow[]> | Iterable<readonly RawRow[]>,
  tally: Tally,
): AsyncGenerator<ExpectedRow[]> {
  const { mapping } = work;
  const expectRow = createExpectRow(mapping);
  const keyPlaces = targetKeyPlaces(mapping);
  const multiset = isMultiset(mapping);
  for await (const chunk of chunks) {
    const entries = await work.quarantine.find(chunk.map((raw) => raw[0] as string));
    const pending: PendingRow[] = [];
    for (const raw of chunk) {
      const row = sortOut(work, expectRow, raw, entries, tally);
      if (row === null) continue;
      if (!multiset) pending.push(row);
      else if (typeof raw.at(-1) === 'string') pending.push({ ...row, contents: [raw.at(-1) as string] });
      // TypeScript loads what SQL rejects: the server cannot say what its contents are known by
      else tally.unknown(row.sourceKey, []);
    }
    const served = pending.filter((row) => row.server !== null);
    if (served.length > 0) {
      await format(
        work,
        served,
        [...new Set(served.flatMap((row) => row.server ?? []))].sort((a, b) => a - b),
      );
    }
    const rows = pending.filter((row) => {
      // without a key there is no place to look: the row is counted, and whatever stands for it is extraneous
      const lost = keyPlaces.some((place) => row.values[place] == null || row.unknown?.includes(place) === true);
      if (lost) tally.unknown(row.sourceKey, keyPlaces);
      return !lost;
    });
    if (rows.length > 0) yield rows;
  }
}

/** Places of the target key columns among the loaded columns. */
export function targetKeyPlaces(mapping: CompiledMapping): number[] {
  return mapping.targetKey.map((key) => {
    const place = mapping.columns.findIndex((column) => column.target === key.name);
    if (place < 0) throw new Error('a target key column is not loaded');
    return place;
  });
}

import type { CompareKeys } from './compare-keys';
import type { ActualRow, ExpectedRow } from './row';
import { keyedValues } from './row';

/** Takes what the merge finds, one call a row. */
export interface RowSink {
  identical(expected: ExpectedRow, actual: ActualRow): void;
  /** `columns`: places of loaded columns that differ. */
  mismatch(expected: ExpectedRow, actual: ActualRow, columns: readonly number[]): void;
  missing(expected: ExpectedRow): void;
  extraneous(actual: ActualRow): void;
  duplicateExpected(expected: ExpectedRow): void;
  duplicateActual(actual: ActualRow): void;
  /** Everything that could be compared is equal, but not everything could be. */
  unverifiable(expected: ExpectedRow, actual: ActualRow): void;
}

export interface MergeShape {
  readonly compare: CompareKeys;
  /** Places of the target key columns among the loaded columns; of rows without a key, the place of their contents: 0. */
  readonly keyPlaces: readonly number[];
  /** Rows without a key: a row that occurs several times must do so on both sides. */
  readonly multiset?: boolean;
  readonly columns: number;
}

/** The target stream was not in the order it promised: a defect of the statement, never a property of the data. */
export class StreamOrderError extends Error {
  override readonly name = 'StreamOrderError';
}

/** Compares two rows of one key and reports their class. */
function compareRows(shape: MergeShape, expected: ExpectedRow, actual: ActualRow, sink: RowSink): void {
  const offset = shape.keyPlaces.length;
  let different: number[] | null = null;
  for (let place = 0; place < shape.columns; place += 1) {
    if (expected.values[place] === actual[offset + place]) continue;
    if (expected.unknown?.includes(place) === true) continue;
    (different ??= []).push(place);
  }
  if (different !== null) sink.mismatch(expected, actual, different);
  else if (expected.unknown !== null) sink.unverifiable(expected, actual);
  else sink.identical(expected, actual);
}

type Chunks<Row> = AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>;

/** A position in a stream of chunks; moving inside a chunk is synchronous, so that a row costs no promise. */
class Cursor<Row> {
  private readonly chunks: AsyncIterator<readonly Row[]> | Iterator<readonly Row[]>;
  private chunk: readonly Row[] = [];
  private place = 0;
  row: Row | undefined;

  constructor(chunks: Chunks<Row>) {
    this.chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** Moves on to the next accepted row of the chunk; false when the next chunk has to be awaited. */
  step(accept: (row: Row) => boolean): boolean {
    while (this.place < this.chunk.length) {
      const row = this.chunk[this.place] as Row;
      this.place += 1;
      if (!accept(row)) continue;
      this.row = row;
      return true;
    }
    return false;
  }

  /** Moves on to the next accepted row, over chunks; `row` is undefined at the end. */
  async next(accept: (row: Row) => boolean): Promise<void> {
    while (!this.step(accept)) {
      const next = await this.chunks.next();
      if (next.done === true) {
        this.row = undefined;
        return;
      }
      this.chunk = next.value;
      this.place = 0;
    }
  }

  async close(): Promise<void> {
    await this.chunks.return?.(undefined);
  }
}

/**
 * Walks both streams once in target-key order and reports every row of either side to `sink` exactly once. Raises
 * StreamOrderError when the target stream is out of order; an expected row out of order (both implementations disagree
 * about its key) is reported missing, and the row it stands for extraneous.
 */
export async function mergeRows(
  shape: MergeShape,
  expectedRows: Chunks<ExpectedRow>,
  actualRows: Chunks<ActualRow>,
  sink: RowSink,
): Promise<void> {
  const { compare, keyPlaces, multiset = false } = shape;
  const actualPlaces = keyPlaces.map((_, index) => index);
  const expected = new Cursor(expectedRows);
  const actual = new Cursor(actualRows);
  let last: ExpectedRow | undefined;
  /** Accepts the row the cursor stands on, or reports it and asks for the next one. */
  const acceptExpected = (row: ExpectedRow): boolean => {
    const order = last === undefined ? 1 : compare(keyedValues(row), keyPlaces, keyedValues(last), keyPlaces);
    if (order === 0 && multiset) return true;
    if (order === 0) sink.duplicateExpected(row);
    else if (order < 0) sink.missing(row);
    else last = row;
    return order > 0;
  };
  let lastActual: ActualRow | undefined;
  const acceptActual = (row: ActualRow): boolean => {
    const order = lastActual === undefined ? 1 : compare(row, actualPlaces, lastActual, actualPlaces);
    if (order < 0) throw new StreamOrderError('the target stream is not in proof order');
    if (order === 0 && multiset) return true;
    if (order === 0) sink.duplicateActual(row);
    else lastActual = row;
    return order > 0;
  };
  try {
    await Promise.all([expected.next(acceptExpected), actual.next(acceptActual)]);
    for (;;) {
      const left = expected.row;
      const right = actual.row;
      if (left === undefined && right === undefined) return;
      const order =
        left === undefined ? 1 : right === undefined ? -1 : compare(keyedValues(left), keyPlaces, right, actualPlaces);
      if (order === 0) {
        compareRows(shape, left as ExpectedRow, right as ActualRow, sink);
        if (!expected.step(acceptExpected)) await expected.next(acceptExpected);
        if (!actual.step(acceptActual)) await actual.next(acceptActual);
      } else if (order < 0) {
        sink.missing(left as ExpectedRow);
        if (!expected.step(acceptExpected)) await expected.next(acceptExpected);
      } else {
        sink.extraneous(right as ActualRow);
        if (!actual.step(acceptActual)) await actual.next(acceptActual);
      }
    }
  } finally {
    await Promise.allSettled([expected.close(), actual.close()]);
  }
}

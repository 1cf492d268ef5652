import { keyText, type KeyRange } from '../../contract/key';
import { isolateBadItems, slices, type Span } from '../../copy/isolate-bad-items';
import type { RowFailure } from '../../copy/classify-failure';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import type { CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';

const maxRows = 2_000;
const chunkBytes = 8 * 1024 * 1024;

/** Rows of the range that are in scope, raw, and those that the source itself cannot compute. */
export interface CarefulChunk {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly unreadable: readonly { readonly key: string; readonly failure: RowFailure }[];
}

/** Every source key of the range, in order, without evaluating anything of the plan. */
export async function keysOfRange(attempt: CopyAttempt, source: Session): Promise<string[][]> {
  const statement = rangedStatement(attempt.mapping, 'boundaries', attempt.range, 1);
  return (await readRows(source, statement)) as string[][];
}

/**
 * Reads the range in chunks inside the source's snapshot. Where the source raises (the user's own SQL, a value that its
 * encoding cannot express) the chunk is halved until single rows remain; so for errors that `alsoOfRows` takes.
 */
export async function* readCarefully(
  attempt: CopyAttempt,
  source: Session,
  keys: readonly (readonly string[])[],
  alsoOfRows: (error: unknown) => boolean = () => false,
): AsyncGenerator<CarefulChunk> {
  for (const span of slices(keys.length, rowsPerChunk(attempt))) {
    const rows: (string | null)[][] = [];
    const unreadable: { key: string; failure: RowFailure }[] = [];
    await isolateBadItems<RowFailure>(
      span,
      async (part) => {
        const range = rangeOf(attempt.range, keys, part);
        const statement = rangedStatement(attempt.mapping, 'raw', range);
        const read = await inSavepoint(source, () => readRows(source, statement), alsoOfRows);
        if ('failed' in read) return { ...read.failed, side: 'source' };
        for (const row of read.value) rows.push(row);
        return null;
      },
      (position, failure) => {
        unreadable.push({ key: keyText(keys[position] as string[]), failure });
        return Promise.resolve();
      },
    );
    yield { rows, unreadable };
  }
}

function rowsPerChunk({ mapping }: CopyAttempt): number {
  if (mapping.estimatedRows <= 0 || mapping.estimatedBytes <= 0) return maxRows;
  const average = mapping.estimatedBytes / mapping.estimatedRows;
  return Math.min(maxRows, Math.max(1, Math.floor(chunkBytes / average)));
}

/** Key range of the positions in `span`: from the key before it, exclusive, to its last key, inclusive. */
function rangeOf(whole: KeyRange, keys: readonly (readonly string[])[], span: Span): KeyRange {
  return { lower: span.from === 0 ? whole.lower : (keys[span.from - 1] ?? null), upper: keys[span.to - 1] ?? null };
}

import type { CompiledMapping } from '../src/contract/compiled';
import type { KeyRange } from '../src/contract/key';
import { keyText } from '../src/contract/key';
import { classifyFailure, ownSqlColumn, type RowFailure } from '../src/copy/classify-failure';
import { isolateBadItems, slices } from '../src/copy/isolate-bad-items';
import { inSavepoint } from '../src/postgres/queries/copy-savepoint';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { readRows } from '../src/postgres/read-rows';
import type { Session } from '../src/postgres/session';
import { raisingRowsFinding, type Finding } from '../src/profile/finding';
import { sourceStatement } from './validation-host';

const rowsAtATime = 2_000;

/** Rows for which the source raises instead of answering: keys for the statements that leave them out, findings with counts. */
export interface RaisingRows {
  readonly keys: readonly string[];
  readonly findings: readonly Finding[];
}

export const nothingRaises: RaisingRows = { keys: [], findings: [] };

/**
 * Finds, by halving inside the transaction of `source`, the rows whose own SQL or cast raises. Their findings are those that
 * the copy files them under, so that one decision covers both. Reads every key: called only when something has raised.
 */
export async function rowsThatRaise(source: Session, run: LoadedRun, mapping: CompiledMapping): Promise<RaisingRows> {
  const { boundaries, expected, reasonCounts, trial } = mapping.statements;
  const keys = (await readRows(source, sourceStatement(run, mapping, boundaries, { rows: 1 }))) as string[][];
  const raising: string[] = [];
  const counts = new Map<string, { column: string | null; rows: number }>();
  for (const slice of slices(keys.length, rowsAtATime)) {
    await isolateBadItems<RowFailure>(
      slice,
      async ({ from, to }) => {
        const range: KeyRange = {
          lower: keys[from - 1] ?? null,
          upper: to === keys.length ? null : (keys[to - 1] ?? null),
        };
        const tried = await inSavepoint(source, async () => {
          for (const sql of [expected, reasonCounts, trial])
            await readRows(source, sourceStatement(run, mapping, sql, { range, large: '' }));
        });
        return 'failed' in tried ? { ...tried.failed, side: 'source' } : null;
      },
      (position, failure) => {
        raising.push(keyText(keys[position] as string[]));
        const { finding, column } = classifyFailure(mapping, ownSqlColumn(mapping, failure));
        counts.set(finding, { column, rows: (counts.get(finding)?.rows ?? 0) + 1 });
        return Promise.resolve();
      },
    );
  }
  const findings = [...counts].map(([id, { column, rows }]) => raisingRowsFinding(id, mapping.name, column, rows));
  return { keys: raising, findings };
}

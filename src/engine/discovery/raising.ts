import { recomputeRow } from '../../compile/statements/recompute-row';
import type { CompiledMapping } from '../../contract/compiled';
import type { KeyRange } from '../../contract/key';
import { keyText } from '../../contract/key';
import { classifyFailure, ownSqlColumn, type RowFailure } from '../../copy/classify-failure';
import { isolateBadItems, slices } from '../../copy/isolate-bad-items';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { evaluateValue } from '../../postgres/queries/copy/evaluate-value';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import { raisingRowsFinding, type Finding } from '../../profile/finding';
import { sha256 } from '../run/digests';
import { sourceStatement } from '../run/source-statement';

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
export async function rowsThatRaise(
  source: Session,
  target: Session,
  run: LoadedRun,
  mapping: CompiledMapping,
): Promise<RaisingRows> {
  const { boundaries, expected, counts: passed, trial } = mapping.statements;
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
          for (const sql of [expected, passed, trial])
            await readRows(source, sourceStatement(run, mapping, sql, { range, large: '' }));
        });
        return 'failed' in tried ? { ...tried.failed, side: 'source' } : null;
      },
      async (position, failure) => {
        const key = keyText(keys[position] as string[]);
        raising.push(key);
        const refused = await refusedByTarget(source, target, run, mapping, key);
        const { finding, column } = classifyFailure(mapping, refused ?? ownSqlColumn(mapping, failure));
        counts.set(finding, { column, rows: (counts.get(finding)?.rows ?? 0) + 1 });
      },
    );
  }
  const findings = [...counts].map(([id, { column, rows }]) => raisingRowsFinding(id, mapping.name, column, rows));
  return { keys: raising, findings };
}

/**
 * Why the target refuses a row whose key the source cannot spell in the target's type: the copy asks the same types, and files the
 * row under the same finding. Null where it was the plan's own SQL that raised.
 */
async function refusedByTarget(
  source: Session,
  target: Session,
  run: LoadedRun,
  mapping: CompiledMapping,
  key: string,
): Promise<RowFailure | null> {
  if (!mapping.columns.some((column) => column.cast.atSource === true)) return null;
  const read = await inSavepoint(source, () =>
    readRows(source, sourceStatement(run, mapping, mapping.statements.raw, { only: [key] })),
  );
  const [row] = 'value' in read ? read.value : [];
  if (row === undefined) return null;
  const { values } = recomputeRow(mapping, row.slice(1), { encoding: mapping.encoding, sha256 });
  for (const [index, column] of mapping.columns.entries()) {
    const value = values[index];
    if (column.trial === undefined || value === undefined || 'failed' in value) continue;
    const refusal = await evaluateValue(target, column.trial, 'server' in value ? value.server : value.value);
    if (refusal === null) continue;
    const { sqlstate, constraint } = refusal;
    return { sqlstate, constraint, column: column.target, side: 'target', altered: sqlstate === null };
  }
  return null;
}

import { bindStatement } from '../../compile/statements/bind-statement';
import { namesColumn } from '../../compile/statements/names-column';
import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { namedState } from '../../errors/sqlstate-names';
import { csvLine } from '../../report/csv';
import { originalJson, type OriginalColumn } from '../../report/original-row';
import type { Databases } from '../../postgres/databases';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { appendEvent } from '../../postgres/ledger/run/event';
import { quarantineByReason, quarantinedKeys } from '../../postgres/ledger/quarantine/quarantine-summary';
import { originalColumns, originalValue } from '../../postgres/queries/copy/original-columns';
import { readRows } from '../../postgres/read-rows';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { mayBeOfRows } from './whole-cause';

const maxRows = 500;
const pageBytes = 8 * 1024 * 1024;

export interface ExportOptions {
  readonly table: string | null;
  readonly by: string;
  /** Also source columns that the plan leaves behind. */
  readonly allColumns: boolean;
}

/**
 * Writes quarantined rows as CSV lines: table, reason, finding, column, SQLSTATE, source key, original row as JSON read
 * again from the source. Every row gets its line, whatever it holds. Records who exported how many rows, because row values leave the
 * databases here.
 */
export async function exportQuarantine(
  databases: Databases,
  ref: RunRef,
  options: ExportOptions,
  write: (line: string) => void,
): Promise<number> {
  const { table, by, allColumns } = options;
  const ledger = await databases.ledger(ref, 'quarantine export');
  try {
    const run = await databases.run(ref, ledger);
    const rows = await countToExport(ledger, ref.run, table);
    // before the first row leaves: an export that is cut short is recorded as well
    await appendEvent(ledger, ref.run, 'quarantine exported', { by, table, rows, allColumns });
    write(csvLine(['table', 'reason', 'finding', 'column', 'sqlstate', 'source_key', 'original']));
    let count = 0;
    for (const mapping of run.compiled.mappings.filter(({ name }) => table === null || name === table)) {
      const source = await databases.source(run.compiled, mapping.source, 'quarantine export');
      try {
        count += await during(`reading rows of ${dotted(mapping.from)} for the export`, () =>
          exportMapping(run, mapping, ledger, source, allColumns, write),
        );
      } finally {
        await source.close();
      }
    }
    return count;
  } finally {
    await ledger.close();
  }
}

async function exportMapping(
  run: LoadedRun,
  mapping: CompiledMapping,
  ledger: Session,
  source: Session,
  allColumns: boolean,
  write: (line: string) => void,
): Promise<number> {
  const found = await originalColumns(source, mapping.from);
  const columns = found.filter(({ name }) => allColumns || isUsed(run, mapping, name));
  let count = 0;
  for (let after: string | null = null; ;) {
    const keys = await quarantinedKeys(ledger, run.run, mapping.name, after, rowsAtATime(mapping));
    if (keys.length === 0) return count;
    const originals = await originalsOf(
      { source, mapping, columns },
      keys.map((key) => key.sourceKey),
    );
    for (const key of keys) {
      const original = originals.get(key.sourceKey) ?? null;
      write(csvLine([mapping.name, key.reason, key.finding, key.column, key.sqlstate, key.sourceKey, original]));
    }
    count += keys.length;
    after = keys.at(-1)?.sourceKey ?? null;
  }
}

/** Key columns, and what the plan maps or names in its SQL without listing it under `ignore`. */
function isUsed(run: LoadedRun, mapping: CompiledMapping, column: string): boolean {
  if (mapping.key.some(({ name }) => name === column)) return true;
  const plan = run.compiled.plan.mappings.find(
    ({ target }) => target.schema === mapping.target.schema && target.name === mapping.target.name,
  );
  if (plan?.ignore.includes(column) === true) return false;
  const from = [
    ...mapping.columns.flatMap((one) => [...one.from, ...(one.id?.from ?? [])]),
    ...(mapping.id?.from ?? []),
  ];
  const sql = [mapping.where ?? '', ...mapping.columns.map((one) => one.sql ?? '')];
  return from.includes(column) || sql.some((text) => namesColumn(text, column));
}

function rowsAtATime({ estimatedRows, estimatedBytes }: CompiledMapping): number {
  if (estimatedRows <= 0 || estimatedBytes <= 0) return maxRows;
  return Math.min(maxRows, Math.max(1, Math.floor(pageBytes / (estimatedBytes / estimatedRows))));
}

interface Reading {
  readonly source: Session;
  readonly mapping: CompiledMapping;
  readonly columns: readonly OriginalColumn[];
}

/** Original rows by key. Where the server cannot send one of them, halves down to that row, whose values are then read one by one. */
async function originalsOf(reading: Reading, keys: readonly string[]): Promise<Map<string, string>> {
  const { source, mapping, columns } = reading;
  const read = (expressions: readonly string[]): Promise<(string | null)[][]> =>
    readRows(source, bindStatement(mapping.statements.originals, { columns: expressions }), [keys]);
  try {
    const rows = await read(columns.map((column) => originalValue(mapping.from, column)));
    return new Map(rows.map(([key, ...values]) => [key as string, originalJson(columns, values)]));
  } catch (error) {
    if (!mayBeOfRows(error)) throw error;
  }
  if (keys.length > 1) {
    const half = Math.ceil(keys.length / 2);
    const first = await originalsOf(reading, keys.slice(0, half));
    return new Map([...first, ...(await originalsOf(reading, keys.slice(half)))]);
  }
  const values: (string | null)[] = [];
  for (const column of columns) values.push(await oneValue(column));
  return new Map(keys.map((key) => [key, originalJson(columns, values)]));

  async function oneValue(column: OriginalColumn): Promise<string | null> {
    let sqlstate: string | null = null;
    for (const how of ['text', 'bytes'] as const) {
      try {
        return (await read([originalValue(mapping.from, column, how)]))[0]?.[1] ?? null;
      } catch (error) {
        if (!mayBeOfRows(error)) throw error;
        sqlstate = describeDatabaseError(error).sqlstate;
      }
    }
    return `(cannot be read: ${namedState(sqlstate ?? 'none')})`;
  }
}

async function countToExport(ledger: Session, run: string, table: string | null): Promise<number> {
  return (await quarantineByReason(ledger, run))
    .filter((group) => group.class === 'quarantined' && (table === null || group.mapping === table))
    .reduce((sum, group) => sum + group.rows, 0);
}

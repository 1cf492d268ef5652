import { createHash } from 'node:crypto';
import type { CompiledMapping } from '../../../contract/compiled';
import type { QualifiedName } from '../../../contract/catalog';
import type { SourceKey, TargetRow } from '../../../settle/assign-source-keys';
import { identifier, qualified } from '../../../sql/quote';
import { joiningInBulk } from '../../bulk-join';
import { copyIn } from '../../copy-stream';
import { causeName, noteCauses } from '../../ledger/quarantine/quarantine-cause';
import type { Session } from '../../session';
import { asApplication } from '../../application-path';

/** Rows of a query in blocks of at most `size`, through a cursor of the open transaction, which changes do not disturb. */
export async function* readBlocks<Row>(
  session: Session,
  sql: string,
  values: readonly unknown[],
  size: number,
): AsyncGenerator<Row[]> {
  // expressions of unique keys may call functions of the target
  await joiningInBulk(session, () =>
    asApplication(session, () => session.query(`declare settle no scroll cursor for ${sql}`, values)),
  );
  for (;;) {
    const { rows } = await asApplication(session, () => session.query<Row>(`fetch ${size} from settle`));
    if (rows.length > 0) yield rows;
    if (rows.length < size) break;
  }
  await session.query('close settle');
}

export async function anyRow(session: Session, sql: string): Promise<boolean> {
  return joiningInBulk(session, async () => (await session.query(sql)).rows.length > 0);
}

/** Deletes physical rows that the transaction has kept from changing; returns how many went. */
export async function deleteRows(
  session: Session,
  table: QualifiedName,
  rows: readonly Pick<TargetRow, 'table' | 'row'>[],
): Promise<number> {
  const byTable = new Map<string, string[]>();
  for (const { table: oid, row } of rows) byTable.set(oid, [...(byTable.get(oid) ?? []), row]);
  let deleted = 0;
  for (const [oid, ctids] of byTable) {
    const result = await session.query(
      `delete from ${qualified(table)} where tableoid = $1::oid and ctid = any($2::tid[])`,
      [oid, ctids],
    );
    deleted += result.rowCount;
  }
  return deleted;
}

export interface SettledRow {
  readonly sourceKey: string;
  readonly class: 'quarantined' | 'out_of_scope';
  readonly reason: string;
  readonly finding: string;
  readonly refs: string | null;
  readonly adjustment: string;
}

/** Writes rows that left the target into quarantine. */
export async function quarantineRows(
  session: Session,
  run: string,
  mapping: string,
  rule: { readonly columns: string; readonly constraint: string },
  rows: readonly SettledRow[],
): Promise<void> {
  const named = rows.map(({ sourceKey, refs, adjustment, class: kind, reason, finding }) => {
    const facts = {
      ...{ class: kind, reason, finding, column: rule.columns, transform: null, sqlstate: null },
      ...{ constraint: rule.constraint, findings: [finding] },
    };
    const owner = { run, mapping, adjustment };
    return { row: { sourceKey, refs, cause: causeName(owner, facts) }, owner, facts };
  });
  const causes = new Map(named.map((one) => [one.row.cause, one]));
  for (const [name, { owner, facts }] of causes) await noteCauses(session, owner, [{ name, facts }]);
  await session.query(
    `insert into rowproof.quarantined (mapping, source_key, cause, refs)
     select (select id from rowproof.mapping where run = $1 and name = $2), r."sourceKey", r.cause, r.refs::jsonb
     from jsonb_to_recordset($3::jsonb) as r ("sourceKey" text, cause text, refs text)`,
    [run, mapping, JSON.stringify(named.map(({ row }) => row))],
  );
}

/** Source keys among these that are in quarantine already. */
export async function quarantinedKeys(
  session: Session,
  run: string,
  mapping: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const { rows } = await session.query<{ source_key: string }>(
    `select source_key from rowproof.quarantine where run = $1 and mapping = $2 and source_key = any($3::text[])`,
    [run, mapping, keys],
  );
  return new Set(rows.map((row) => row.source_key));
}

/** Keys of a mapping that were quarantined because a server raised an error for them. */
export async function keysThatRaised(session: Session, run: string, mapping: string): Promise<string[]> {
  const { rows } = await session.query<{ source_key: string }>(
    `select source_key from rowproof.quarantine where run = $1 and mapping = $2 and sqlstate is not null order by source_key`,
    [run, mapping],
  );
  return rows.map((row) => row.source_key);
}

/** On the source: keys of the rows that were loaded as these target keys, in source key order. */
export async function readSourceKeys(
  source: Session,
  keysOfTargets: string,
  targetKeys: readonly string[],
): Promise<SourceKey[]> {
  const { rows } = await source.query<{ key: string; target_key: string }>(
    `select s.k as key, s.t as target_key from (${keysOfTargets}) as s (k, t)`,
    [targetKeys],
  );
  return rows.map((row) => ({ key: row.key, targetKey: row.target_key }));
}

/** On the source: what rows of these keys are loaded as, one text each; `expected` is bound to all rows. */
export async function readExpectedContents(
  source: Session,
  expected: string,
  columns: number,
  keys: readonly string[],
): Promise<Map<string, string>> {
  const names = Array.from({ length: columns }, (_, index) => `c${index}`);
  const { rows } = await source.query<{ key: string; content: string }>(
    `select e.k as key, to_jsonb(array[${names.map((name) => `e.${name}::text`).join(', ')}]::text[])::text as content
     from (${expected}) as e (k, t${names.map((name) => `, ${name}`).join('')}) where e.k = any($1::text[])`,
    [keys],
  );
  return new Map(rows.map((row) => [row.key, row.content]));
}

/** On the target: the same text for physical rows, keyed `table row`. */
export async function readActualContents(
  session: Session,
  mapping: CompiledMapping,
  rows: readonly TargetRow[],
): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  const columns = mapping.columns.map((column) => `${identifier(column.target)}::text`).join(', ');
  for (const table of new Set(rows.map((row) => row.table))) {
    const result = await session.query<{ row: string; content: string }>(
      `select ctid::text as "row", to_jsonb(array[${columns}]::text[])::text as content from ${qualified(mapping.target)}
       where tableoid = $1::oid and ctid = any($2::tid[])`,
      [table, rows.filter((row) => row.table === table).map((row) => row.row)],
    );
    for (const { row, content } of result.rows) contents.set(`${table} ${row}`, content);
  }
  return contents;
}

/** Scratch table of schema rowproof for keys that a source left out of scope. */
export function scopeTable(run: string): QualifiedName {
  return { schema: 'rowproof', name: `scope_${createHash('sha256').update(run).digest('hex').slice(0, 24)}` };
}

/** Fills the scratch table with one mapping's out-of-scope refs, in the caller's transaction. */
export async function storeScope(
  session: Session,
  table: QualifiedName,
  mapping: string,
  rows: AsyncIterable<(string | null)[][]>,
): Promise<void> {
  await session.query(
    `create unlogged table if not exists ${qualified(table)} (mapping text not null, refs jsonb not null)`,
  );
  await session.query(`delete from ${qualified(table)} where mapping = $1`, [mapping]);
  async function* named(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of rows)
      yield chunk.filter((row) => row[1] !== null).map((row) => [mapping, row[1] as string]);
  }
  await copyIn(session, `${qualified(table)} (mapping, refs)`, named());
  await session.query(`analyze ${qualified(table)}`);
}

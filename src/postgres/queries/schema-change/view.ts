import type { QualifiedName } from '../../../contract/catalog';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { mappedTree, tablesParameter, type MappedTable } from './tables';

export async function refreshView(session: Session, view: QualifiedName): Promise<void> {
  await session.query(`REFRESH MATERIALIZED VIEW ${qualified(view)}`);
}

/** Its readers go on; possible only with what refreshesConcurrently asks for. */
export async function refreshViewConcurrently(session: Session, view: QualifiedName): Promise<void> {
  await session.query(`REFRESH MATERIALIZED VIEW CONCURRENTLY ${qualified(view)}`);
}

/** Whether a view that is populated has a unique index over plain columns and all rows. */
export async function refreshesConcurrently(session: Session, view: QualifiedName): Promise<boolean> {
  const { rowCount } = await session.query(
    `select from pg_catalog.pg_class c join pg_catalog.pg_index i on i.indrelid = c.oid
     where c.oid = pg_catalog.to_regclass($1) and c.relispopulated and i.indisunique and i.indisvalid and i.indimmediate
       and i.indpred is null and i.indexprs is null`,
    [qualified(view)],
  );
  return rowCount > 0;
}

export async function emptyView(session: Session, view: QualifiedName): Promise<void> {
  await session.query(`REFRESH MATERIALIZED VIEW ${qualified(view)} WITH NO DATA`);
}

/** Those among the mapped tables that grew to more than twice their size since they were counted, or never were. */
export async function uncountedTables(session: Session, tables: readonly MappedTable[]): Promise<QualifiedName[]> {
  const { rows } = await session.query<{ mapping: string }>(
    `${mappedTree} select distinct t.mapping from tree t join pg_catalog.pg_class c on c.oid = t.oid and c.relkind = 'r'
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where pg_catalog.pg_relation_size(c.oid) > 8 * pg_catalog.current_setting('block_size')::bigint
       and (pg_catalog.pg_relation_size(c.oid) > (2 * c.relpages + 8) * pg_catalog.current_setting('block_size')::bigint
         or not exists (select from pg_catalog.pg_stats s where s.schemaname = n.nspname and s.tablename = c.relname))`,
    [tablesParameter(tables)],
  );
  const found = new Set(rows.map((row) => row.mapping));
  return tables.filter(({ name }) => found.has(name)).map(({ target }) => target);
}

export async function analyzeTable(session: Session, table: QualifiedName): Promise<void> {
  await session.query(`ANALYZE ${qualified(table)}`);
}

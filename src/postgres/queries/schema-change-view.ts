import type { QualifiedName } from '../../contract/catalog';
import { qualified } from '../../sql/quote';
import type { Session } from '../session';

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

export async function analyzeTable(session: Session, table: QualifiedName): Promise<void> {
  await session.query(`ANALYZE ${qualified(table)}`);
}

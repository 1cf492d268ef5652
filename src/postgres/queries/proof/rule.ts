import type { QualifiedName } from '../../../contract/catalog';
import { identifier, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { integer } from '../../row';

/** Rows for which a predicate over the table's columns is true. */
export async function countWhere(session: Session, table: QualifiedName, predicate: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>(
    `select count(*)::text as n from ${qualified(table)} where ${predicate}`,
  );
  return integer(rows[0], 'n');
}

/** Rows beyond the first of each value; NULLs do not count. */
export async function countRepeats(session: Session, table: QualifiedName, column: string): Promise<number> {
  const name = identifier(column);
  const { rows } = await session.query<{ n: string }>(
    `select coalesce(sum(n - 1), 0)::text as n from
       (select count(*) as n from ${qualified(table)} where ${name} is not null group by ${name} having count(*) > 1) g`,
  );
  return integer(rows[0], 'n');
}

import type { QualifiedName } from '../../../contract/catalog';
import type { OriginalColumn } from '../../../report/original-row';
import { identifier, qualified } from '../../../sql/quote';
import type { Session } from '../../session';

/** Columns of a table or view that the role may read, as they are now, in order, with the way each stands in JSON. */
export async function originalColumns(session: Session, relation: QualifiedName): Promise<OriginalColumn[]> {
  const { rows } = await session.query<OriginalColumn>(
    `with recursive base as (
       select a.attnum, a.attname::text as name, a.atttypid as type from pg_catalog.pg_attribute a
       where a.attrelid = pg_catalog.to_regclass($1) and a.attnum > 0 and not a.attisdropped
         and pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')
       union all
       select b.attnum, b.name, t.typbasetype from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype = 'd'
     )
     select b.name, case
         when b.type in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'float4'::regtype, 'float8'::regtype)
           then 'number'
         when b.type = 'bool'::regtype then 'boolean'
         when b.type in ('json'::regtype, 'jsonb'::regtype) then 'json'
         else 'text' end as kind
     from base b join pg_catalog.pg_type t on t.oid = b.type where t.typtype <> 'd' order by b.attnum`,
    [qualified(relation)],
  );
  return rows;
}

/** Stored sizes above this are told instead of read: one value must not take all memory. */
const largest = 64 * 1024 * 1024;

/** The value as text; where that cannot be sent, `bytes` is its bytes as `encode(…, 'escape')` spells them: `caf\351`. */
export function originalValue(relation: QualifiedName, column: OriginalColumn, how: 'text' | 'bytes' = 'text'): string {
  const value = `${qualified(relation)}.${identifier(column.name)}`;
  const text =
    how === 'text'
      ? `${value}::text`
      : `pg_catalog.encode(pg_catalog.convert_to(${value}::text, pg_catalog.getdatabaseencoding()), 'escape')`;
  return `case when pg_catalog.pg_column_size(${value}) > ${largest} then '(' || pg_catalog.pg_column_size(${value}) || ' bytes)' else ${text} end`;
}

import type { Column, QualifiedName } from '../../contract/catalog';
import type { Session } from '../session';
import { userRelation } from './relations';
import type { TypeOf } from './types';
import { flag, integer, number } from '../row';

export interface RelationColumn extends Column {
  readonly attnum: number;
}

interface ColumnRow {
  readonly relation: string;
  readonly attnum: string;
  readonly name: string;
  readonly type: string;
  readonly typmod: string;
  readonly declared: string;
  readonly not_null: string;
  readonly has_default: string;
  readonly identity: string;
  readonly generated: string;
  readonly collation: string | null;
  readonly collate: string | null;
  readonly nondeterministic: string | null;
  readonly readable: string;
}

/** Columns by oid of their relation, in order. */
export async function readColumns(session: Session, typeOf: TypeOf): Promise<Map<string, RelationColumn[]>> {
  const { rows } = await session.query<ColumnRow>(
    `select a.attrelid::text as relation, a.attnum::text as attnum, a.attname as name, a.atttypid::text as type, a.atttypmod::text as typmod,
       format_type(a.atttypid, a.atttypmod) as declared,
       a.attnotnull::text as not_null, a.atthasdef::text as has_default, a.attidentity::text as identity, a.attgenerated::text as generated,
       case when a.attcollation <> t.typcollation then l.collname end as collation,
       case when a.attcollation <> t.typcollation then format('%I.%I', ln.nspname, l.collname) end as collate, (not l.collisdeterministic)::text as nondeterministic,
       has_column_privilege(c.oid, a.attnum, 'SELECT')::text as readable
     from pg_attribute a
     join pg_class c on c.oid = a.attrelid
     join pg_namespace n on n.oid = c.relnamespace
     join pg_type t on t.oid = a.atttypid
     left join pg_collation l on l.oid = a.attcollation
     left join pg_namespace ln on ln.oid = l.collnamespace
     where a.attnum > 0 and not a.attisdropped and ${userRelation}
     order by a.attrelid, a.attnum`,
  );
  const sequences = await readSequences(session);
  const widths = await readWidths(session);
  const columns = new Map<string, RelationColumn[]>();
  for (const row of rows) {
    const own = columns.get(row.relation) ?? [];
    if (own.length === 0) columns.set(row.relation, own);
    const place = `${row.relation} ${row.attnum}`;
    own.push({
      attnum: integer(row, 'attnum'),
      name: row.name,
      ordinal: own.length + 1,
      type: typeOf(row.type, integer(row, 'typmod'), row.declared),
      notNull: flag(row, 'not_null'),
      // a generation expression is stored where defaults are
      hasDefault: flag(row, 'has_default') && row.generated === '',
      identity: row.identity === 'a' ? 'always' : row.identity === 'd' ? 'by default' : '',
      generated: row.generated !== '',
      collation: row.collation,
      ...(row.collate === null ? {} : { collate: row.collate }),
      nondeterministic: flag(row, 'nondeterministic'),
      sequence: sequences.get(place) ?? null,
      averageWidth: widths.get(place) ?? null,
      readable: flag(row, 'readable'),
    });
  }
  return columns;
}

/** By `relation attnum`: the sequence a column owns, else the one its default draws from. */
async function readSequences(session: Session): Promise<Map<string, QualifiedName>> {
  const { rows } = await session.query<{ relation: string; attnum: string; schema: string; name: string }>(
    `select * from (
       select d.refobjid::text as relation, d.refobjsubid::text as attnum, sn.nspname as schema, s.relname as name, 0 as rank
       from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S' join pg_namespace sn on sn.oid = s.relnamespace
       where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
       union all
       select f.adrelid::text, f.adnum::text, sn.nspname, s.relname, 1
       from pg_attrdef f join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid and d.refclassid = 'pg_class'::regclass
       join pg_class s on s.oid = d.refobjid and s.relkind = 'S' join pg_namespace sn on sn.oid = s.relnamespace
     ) as found order by rank desc, schema desc, name desc`,
  );
  // later entries win: an owned sequence over one that is only drawn from
  return new Map(rows.map((row) => [`${row.relation} ${row.attnum}`, { schema: row.schema, name: row.name }]));
}

/** By `relation attnum`; only where the role may read the column. */
async function readWidths(session: Session): Promise<Map<string, number>> {
  const { rows } = await session.query<{ place: string; width: string }>(
    `select a.attrelid || ' ' || a.attnum as place, s.avg_width::text as width
     from pg_stats s
     join pg_namespace n on n.nspname = s.schemaname
     join pg_class c on c.relnamespace = n.oid and c.relname = s.tablename
     join pg_attribute a on a.attrelid = c.oid and a.attname = s.attname
     where ${userRelation} order by s.inherited`,
  );
  return new Map(rows.map((row) => [row.place, number(row, 'width')]));
}

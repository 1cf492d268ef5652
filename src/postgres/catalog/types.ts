import type { ColumnType, Domain } from '../../contract/catalog';
import type { Session } from '../session';
import { userRelation } from './relations';
import { userSchema } from './server-facts';

interface TypeRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly typtype: string;
  readonly element: string | null;
  readonly base_oid: string;
  readonly base_typmod: string;
  readonly labels: string | null;
}

export type TypeOf = (oid: string, typmod: number) => ColumnType;

const kinds: Readonly<Record<string, ColumnType['kind']>> = {
  e: 'enum',
  d: 'domain',
  c: 'composite',
  r: 'range',
  m: 'range',
};

/** All types that columns of the catalog have, and the types domains rest on, as a function of oid and typmod. */
export async function readTypes(session: Session): Promise<TypeOf> {
  const { rows } = await session.query<TypeRow>(
    `with recursive used (oid) as (
       select distinct a.atttypid from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where a.attnum > 0 and not a.attisdropped and ${userRelation}
       union select t.typbasetype from used join pg_type t on t.oid = used.oid where t.typtype = 'd'
     )
     select t.oid::text as oid, tn.nspname as schema, format_type(t.oid, null) as name, t.typtype::text as typtype,
       (select format_type(e.oid, null) from pg_type e where e.typarray = t.oid) as element,
       t.typbasetype::text as base_oid, t.typtypmod::text as base_typmod,
       case when t.typtype = 'e' then
         (select json_agg(l.enumlabel order by l.enumsortorder)::text from pg_enum l where l.enumtypid = t.oid) end as labels
     from used join pg_type t on t.oid = used.oid join pg_namespace tn on tn.oid = t.typnamespace`,
  );
  const types = new Map(rows.map((row) => [row.oid, row]));
  return (oid, typmod) => columnType(types, oid, typmod);
}

function columnType(types: ReadonlyMap<string, TypeRow>, oid: string, typmod: number): ColumnType {
  const type = types.get(oid) as TypeRow;
  let [base, baseTypmod] = [type, typmod];
  while (base.typtype === 'd') {
    // a domain over varchar(10) carries the 10; one over another domain none
    if (Number(base.base_typmod) >= 0 && baseTypmod < 0) baseTypmod = Number(base.base_typmod);
    base = types.get(base.base_oid) as TypeRow;
  }
  const builtIn = base.schema === 'pg_catalog' && base.element === null;
  return {
    name: type.name,
    schema: type.schema,
    oid: Number(oid),
    kind: kinds[type.typtype] ?? 'base',
    element: base.element,
    base: type.typtype === 'd' && builtIn ? base.name : null,
    labels: base.labels === null ? (base.typtype === 'e' ? [] : null) : (JSON.parse(base.labels) as string[]),
    ...modifiers(base.oid, baseTypmod),
  };
}

/** The meaning of a typmod, by built-in type; arrays carry none here. */
function modifiers(oid: string, typmod: number): Pick<ColumnType, 'length' | 'precision' | 'scale' | 'fraction'> {
  const none = { length: null, precision: null, scale: null, fraction: null };
  if (typmod < 0) return none;
  switch (Number(oid)) {
    case 1042: // bpchar
    case 1043: // varchar
      return { ...none, length: typmod - 4 };
    case 1560: // bit
    case 1562: // varbit
      return { ...none, length: typmod };
    case 1700: {
      // 11 bits with a sign since version 15; before, scales up to 1000 are the same bits
      const scale = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
      return { ...none, precision: ((typmod - 4) >> 16) & 0xffff, scale };
    }
    case 1083: // time
    case 1266: // timetz
    case 1114: // timestamp
    case 1184: // timestamptz
      return { ...none, fraction: typmod };
    case 1186: // interval: fields in the upper half
      return { ...none, fraction: (typmod & 0xffff) === 0xffff ? null : typmod & 0xffff };
    default:
      return none;
  }
}

export async function readDomains(session: Session): Promise<Domain[]> {
  const { rows } = await session.query<{
    schema: string;
    name: string;
    base: string;
    not_null: string;
    checks: string;
  }>(
    `select n.nspname as schema, t.typname as name, format_type(t.typbasetype, t.typtypmod) as base, t.typnotnull::text as not_null,
       coalesce((select json_agg(json_build_object('name', k.conname, 'expression', pg_get_expr(k.conbin, 0)) order by k.conname)
                 from pg_constraint k where k.contypid = t.oid and k.contype = 'c'), '[]')::text as checks
     from pg_type t join pg_namespace n on n.oid = t.typnamespace
     where t.typtype = 'd' and ${userSchema} order by n.nspname collate "C", t.typname collate "C"`,
  );
  return rows.map((row) => ({
    schema: row.schema,
    name: row.name,
    base: row.base,
    notNull: row.not_null === 'true',
    checks: JSON.parse(row.checks) as { name: string; expression: string }[],
  }));
}

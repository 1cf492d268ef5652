import type { ColumnType, Domain, TypeShape } from '../../contract/catalog';
import type { Session } from '../session';
import { userRelation } from './relations';
import { userSchema } from './server-facts';
import { flag, integer } from '../row';

interface TypeRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly typtype: string;
  /** Of an array its element's name. */
  readonly element: string | null;
  /** Oid of the element of an array, of the subtype of a range, of the range of a multirange. */
  readonly element_oid: string | null;
  readonly base_oid: string;
  readonly base_typmod: string;
  readonly constrained: string;
  readonly labels: string | null;
  readonly fields: string | null;
}

export type TypeOf = (oid: string, typmod: number, declared: string) => ColumnType;

type Types = ReadonlyMap<string, TypeRow>;

const kinds: Readonly<Record<string, ColumnType['kind']>> = {
  e: 'enum',
  d: 'domain',
  c: 'composite',
  r: 'range',
  m: 'range',
};

/** All types that columns of the catalog have, and those they are made of, as a function of oid and typmod. */
export async function readTypes(session: Session): Promise<TypeOf> {
  const multirange = session.serverVersion >= 140000;
  const { rows } = await session.query<TypeRow>(
    `with recursive used (oid) as (
       select distinct a.atttypid from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       where a.attnum > 0 and not a.attisdropped and ${userRelation}
       union select part.oid from used cross join lateral (
         select t.typbasetype as oid from pg_type t where t.oid = used.oid and t.typtype = 'd'
         union all select e.oid from pg_type e where e.typarray = used.oid
         union all select r.rngsubtype from pg_range r where r.rngtypid = used.oid
         ${multirange ? 'union all select r.rngtypid from pg_range r where r.rngmultitypid = used.oid' : ''}
         union all select f.atttypid from pg_type t join pg_attribute f on f.attrelid = t.typrelid
           where t.oid = used.oid and t.typtype = 'c' and f.attnum > 0 and not f.attisdropped) as part
     )
     select t.oid::text as oid, tn.nspname as schema, format_type(t.oid, null) as name, t.typtype::text as typtype,
       (select format_type(e.oid, null) from pg_type e where e.typarray = t.oid) as element,
       coalesce((select e.oid from pg_type e where e.typarray = t.oid), (select r.rngsubtype from pg_range r where r.rngtypid = t.oid)
         ${multirange ? ', (select r.rngtypid from pg_range r where r.rngmultitypid = t.oid)' : ''})::text as element_oid,
       t.typbasetype::text as base_oid, t.typtypmod::text as base_typmod,
       (t.typnotnull or exists (select from pg_constraint k where k.contypid = t.oid and k.contype = 'c'))::text as constrained,
       case when t.typtype = 'e' then
         (select json_agg(l.enumlabel order by l.enumsortorder)::text from pg_enum l where l.enumtypid = t.oid) end as labels,
       case when t.typtype = 'c' then
         (select json_agg(json_build_array(f.attname, f.atttypid::text, f.atttypmod) order by f.attnum)::text from pg_attribute f
          where f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped) end as fields
     from used join pg_type t on t.oid = used.oid join pg_namespace tn on tn.oid = t.typnamespace`,
  );
  const types = new Map(rows.map((row) => [row.oid, row]));
  return (oid, typmod, declared) => columnType(types, oid, typmod, declared);
}

function columnType(types: Types, oid: string, typmod: number, declared: string): ColumnType {
  const type = types.get(oid) as TypeRow;
  const { row: base, typmod: baseTypmod } = underDomains(types, oid, typmod);
  const builtIn = base.schema === 'pg_catalog' && base.element === null;
  const simple = type.schema === 'pg_catalog' && type.element_oid === null;
  return {
    name: type.name,
    schema: type.schema,
    oid: Number(oid),
    kind: kinds[type.typtype] ?? 'base',
    element: base.element,
    base: type.typtype === 'd' && builtIn ? base.name : null,
    labels: base.labels === null ? (base.typtype === 'e' ? [] : null) : (JSON.parse(base.labels) as string[]),
    ...modifiers(base.oid, baseTypmod),
    ...(declared === type.name ? {} : { declared }),
    ...(simple ? {} : { shape: shapeOf(types, oid, typmod) }),
    ...(isChecked(types, oid) ? { checked: true } : {}),
  };
}

function underDomains(types: Types, oid: string, typmod: number): { row: TypeRow; typmod: number; domain: boolean } {
  let row = types.get(oid) as TypeRow;
  const domain = row.typtype === 'd';
  let own = typmod;
  while (row.typtype === 'd') {
    // a domain over varchar(10) carries the 10; one over another domain none
    if (integer(row, 'base_typmod') >= 0 && own < 0) own = integer(row, 'base_typmod');
    row = types.get(row.base_oid) as TypeRow;
  }
  return { row, typmod: own, domain };
}

const shapeKinds: Readonly<Record<string, TypeShape['kind']>> = {
  e: 'enum',
  c: 'composite',
  r: 'range',
  m: 'multirange',
};

function shapeOf(types: Types, oid: string, given: number): TypeShape {
  const { row, typmod, domain } = underDomains(types, oid, given);
  // the typmod of an array is that of its elements
  const array = row.element !== null;
  return {
    kind: array ? 'array' : (shapeKinds[row.typtype] ?? 'base'),
    name: castName(row.name),
    typmod: array ? -1 : typmod,
    domain,
    element: row.element_oid === null ? null : shapeOf(types, row.element_oid, array ? typmod : -1),
    fields: fieldsOf(row).map(([name, type, own]) => ({ name, type: shapeOf(types, type, own) })),
    labels: row.labels === null ? [] : (JSON.parse(row.labels) as string[]),
  };
}

function fieldsOf(row: TypeRow): [string, string, number][] {
  return row.fields === null ? [] : (JSON.parse(row.fields) as [string, string, number][]);
}

/** `character` and `bit` alone mean a length of one. */
function castName(name: string): string {
  return name.replace(/^character(?=\[|$)/, 'bpchar').replace(/^bit(?=\[|$)/, '"bit"');
}

function isChecked(types: Types, oid: string): boolean {
  const row = types.get(oid) as TypeRow;
  const parts = [
    ...(row.typtype === 'd' ? [row.base_oid] : []),
    ...(row.element_oid === null ? [] : [row.element_oid]),
    ...fieldsOf(row).map(([, type]) => type),
  ];
  return flag(row, 'constrained') || parts.some((part) => isChecked(types, part));
}

/** The meaning of a typmod, by built-in type; arrays carry none here. */
function modifiers(
  oid: string,
  typmod: number,
): Pick<ColumnType, 'length' | 'precision' | 'scale' | 'fraction' | 'fields'> {
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
    case 1186: {
      // interval: fields in the upper half
      const fields = (typmod >> 16) & 0x7fff;
      const fraction = (typmod & 0xffff) === 0xffff ? null : typmod & 0xffff;
      return { ...none, fraction, ...(fields === 0x7fff ? {} : { fields }) };
    }
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
    notNull: flag(row, 'not_null'),
    checks: JSON.parse(row.checks) as { name: string; expression: string }[],
  }));
}

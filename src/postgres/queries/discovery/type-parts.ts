/**
 * For `with recursive`: `part (root, oid)` holds each type that `types` (a query of type oids) names with all types it is made of:
 * base types of domains, elements of arrays, attributes of composites, subtypes of ranges. What a row shows depends on all of them.
 */
export function partsOfTypes(types: string): string {
  return `part (root, oid) as (
       select distinct t.oid, t.oid from (${types}) as given (oid) join pg_catalog.pg_type t using (oid)
       union
       select part.root, inner_type.oid from part join pg_catalog.pg_type t on t.oid = part.oid cross join lateral (
         select t.typbasetype as oid where t.typbasetype <> 0
         union all select t.typelem where t.typelem <> 0
         union all select r.rngsubtype from pg_catalog.pg_range r
           where r.rngtypid = t.oid or (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
         union all select a.atttypid from pg_catalog.pg_attribute a
           where a.attrelid = t.typrelid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped) inner_type
     )`;
}

/** Labels of the enums that a type is made of, each with its oid, as a jsonb array; null where there are none. After `partsOfTypes`. */
export function labelsOfType(type: string): string {
  return `(select pg_catalog.jsonb_agg(pg_catalog.concat(e.oid, ' ', e.enumlabel) order by e.oid)
         from part join pg_catalog.pg_enum e on e.enumtypid = part.oid where part.root = ${type})`;
}

/** Attributes of the composites that a type is made of; null where there are none. After `partsOfTypes`. */
export function attributesOfType(type: string): string {
  return `(select pg_catalog.string_agg(pg_catalog.concat_ws(':', c.typrelid, c.attnum, c.attname, c.atttypid, c.atttypmod), ',' order by c.typrelid, c.attnum)
         from (select distinct made.typrelid, inner_column.attnum, inner_column.attname, inner_column.atttypid, inner_column.atttypmod
           from part join pg_catalog.pg_type made on made.oid = part.oid and made.typtype = 'c'
           join pg_catalog.pg_attribute inner_column on inner_column.attrelid = made.typrelid
             and inner_column.attnum > 0 and not inner_column.attisdropped
           where part.root = ${type}) c)`;
}

import { keyTextSql } from '../compile/key/key-text';
import { contentKeySql, isMultiset } from '../compile/key/row-identity';
import type { CompiledMapping } from '../contract/compiled';
import type { CheckDetail, ForeignKeyDetail, IndexDetail } from '../rollback/step-detail';
import { identifier, literal, qualified } from '../sql/quote';

/**
 * Queries over a loaded target table that find the rows a rule forbids. Rows come as: table (text of its oid), row (ctid),
 * target_key, refs (JSON object of the referenced columns), and what decides about them.
 */

function rowColumns(mapping: CompiledMapping, of: string): string {
  const text = (name: string): string => `${of}${identifier(name)}::text`;
  const key = isMultiset(mapping)
    ? contentKeySql(mapping.columns.map(({ target }) => text(target)))
    : keyTextSql(mapping.targetKey.map(({ name }) => text(name)));
  // arrays, because a function takes no more than a hundred arguments
  const names = mapping.referencedColumns.map(literal).join(', ');
  const texts = mapping.referencedColumns.map((name) => `${of}${identifier(name)}::text`).join(', ');
  return `${of}tableoid::oid::text as "table", ${of}ctid::text as "row", ${key} as target_key, jsonb_object(array[${names}]::text[], array[${texts}]::text[])::text as refs`;
}

/** Condition under which a row takes part in a unique index. */
function takesPart(unique: IndexDetail): string {
  const known = unique.nullsNotDistinct ? [] : unique.keyExpressions.map((key) => `(${key}) IS DISTINCT FROM NULL`);
  const all = [...known, ...(unique.predicate === null ? [] : [`(${unique.predicate})`])];
  return all.length === 0 ? 'true' : all.join(' AND ');
}

/** One row when some rows violate the index. */
export function anyDuplicateSql(unique: IndexDetail): string {
  const keys = unique.keyExpressions.map((_, index) => `k${index}`).join(', ');
  const named = unique.keyExpressions.map((key, index) => `${key} as k${index}`).join(', ');
  return `select 1 from (select ${named} from ${qualified(unique.root.relation)} where ${takesPart(unique)}) t group by ${keys} having count(*) > 1 limit 1`;
}

/** All rows of the groups that violate the index, with the number of their group as `grp`, group by group. */
export function duplicatesSql(unique: IndexDetail, mapping: CompiledMapping): string {
  const keys = unique.keyExpressions.join(', ');
  return `select "table", "row", target_key, refs, grp::text as grp from (
    select ${rowColumns(mapping, '')}, dense_rank() over (order by ${keys}) as grp, count(*) over (partition by ${keys}) as members
    from ${qualified(unique.root.relation)} where ${takesPart(unique)}) t where members > 1 order by grp`;
}

/** `select` over the violating rows `c`. Two arms where MATCH FULL adds to them: an OR would hinder the anti-join. */
function violators(key: ForeignKeyDetail, select: string): string {
  const set = key.columns.map((name) => `c.${identifier(name)} IS DISTINCT FROM NULL`).join(' AND ');
  const same = key.parentColumns
    .map((name, index) => `p.${identifier(name)} ${key.operators[index]} c.${identifier(key.columns[index] as string)}`)
    .join(' AND ');
  const from = `select ${select} from ${qualified(key.relation)} c`;
  const missing = `${from} where ${set} AND NOT EXISTS (SELECT FROM ${qualified(key.parent)} p WHERE ${same})`;
  return key.matchFull && key.columns.length > 1 ? `${missing} union all ${from} where ${mixed(key)}` : missing;
}

/** MATCH FULL forbids keys that are partly null. */
function mixed(key: ForeignKeyDetail): string {
  const unset = key.columns.map((name) => `c.${identifier(name)} IS NOT DISTINCT FROM NULL`);
  return `((${unset.join(' OR ')}) AND NOT (${unset.join(' AND ')}))`;
}

/** One row when some rows violate the foreign key. Counted: with a LIMIT a plan may hope for an early one, and look for each parent in vain. */
export function anyOrphanSql(key: ForeignKeyDetail): string {
  return `select 1 from (select count(*) as n from (${violators(key, '1')}) v) c where n > 0`;
}

/** Types of which every text is a value, with or without a collation; `bpchar` has none of its own length here. */
const textual = /^(text|character varying|bpchar|"?[^ ]*citext"?)( COLLATE |$)/;

/** Spells a value so that child and parent of comparable types agree: 7 and 7.00, citext in any case. */
export function formatted(text: string, type: string, guarded: boolean): string {
  if (['smallint', 'integer', 'bigint', 'numeric'].includes(type)) {
    const plain = `trim_scale((${text})::numeric)::text`;
    return guarded ? `CASE WHEN (${text}) ~ '^-?[0-9]+([.][0-9]+)?$' THEN ${plain} END` : plain;
  }
  return /(^|[."])citext"?$/.test(type) ? `lower(${text})` : text;
}

/**
 * Rows that violate the foreign key, with `quarantined` and `out_of_scope`: whether a parent of that key is in quarantine,
 * or was left out. $1 run, $2 mapping of the parent; `scope` is the table of keys that the source left out of scope.
 */
export function orphansSql(key: ForeignKeyDetail, mapping: CompiledMapping, scope: string | null): string {
  const asText = key.parentTypes.map((type) => textual.test(type));
  const ours = key.columns.map((name, index) => {
    const column = `c.${identifier(name)}`;
    const value = asText[index] ? column : formatted(`${column}::text`, key.columnTypes[index] as string, false);
    return `${value} as k${index}`;
  });
  const theirs = key.parentColumns.map((name, index) => {
    const text = `refs ->> ${literal(name)}`;
    // any text is a value of these types, so that their own equality decides
    const value = asText[index]
      ? `(${text})::${key.parentTypes[index]}`
      : formatted(text, key.columnTypes[index] as string, true);
    return `${value} as k${index}`;
  });
  const same = (index: number): string => (asText[index] ? (key.operators[index] as string) : '=');
  const numbers = key.columns.map((_, index) => `k${index}`);
  const sources = [
    `select refs, class from rowproof.quarantine where run = $1 and mapping = $2 and refs is not null`,
    ...(scope === null ? [] : [`select refs, 'out_of_scope' from ${scope} where mapping = $2`]),
  ].join(' union all ');
  return `with gone as (
      select ${numbers.join(', ')}, bool_or(class = 'quarantined') as quarantined, bool_or(class = 'out_of_scope') as out_of_scope
      from (select ${theirs.join(', ')}, class from (${sources}) s) g
      where ${numbers.map((name) => `${name} is not null`).join(' and ')} group by ${numbers.join(', ')}
    ), bad as (
      ${violators(key, `${rowColumns(mapping, 'c.')}, ${mixed(key)} as mixed, ${ours.join(', ')}`)}
    )
    select "table", "row", target_key, bad.refs, (not mixed and coalesce(quarantined, false))::text as quarantined,
      (not mixed and coalesce(out_of_scope, false))::text as out_of_scope
    from bad left join gone on ${numbers.map((name, index) => `gone.${name} ${same(index)} bad.${name}`).join(' and ')}`;
}

/** Rows for which a CHECK is false; `byRow` is a function that says whether it lets one row be. */
export function brokenCheckSql(check: CheckDetail, mapping: CompiledMapping, byRow: string | null): string {
  const broken = byRow === null ? `(${check.expression}) is false` : `not ${byRow}("rowproof_row")`;
  return `select ${rowColumns(mapping, '')} from ${qualified(check.relation)} as "rowproof_row" where ${broken}`;
}

import { isPhysical } from '../compile/key/row-identity';
import { baseTypeName } from '../compile/statements/type-facts';
import type { ColumnType, QualifiedName } from '../contract/catalog';
import type { CheckSpec, CompiledMapping, ReferenceSpec, UniqueSpec, ValueTrial } from '../contract/compiled';
import { createEvaluateSql, evaluateCall, readRefusal, type Refusal } from '../transform/value-trial';
import { identifier, literal, qualified } from '../sql/quote';

/**
 * SQL of the rehearsal on the target: the transformed source rows in temporary tables, on which the target's own rules are
 * tried with the target's own types. Classes: ok, rejected, out_of_scope as the source says; then cast, check, unique, orphan,
 * parent_quarantined, parent_out_of_scope as rules take rows away, in the order in which the load would.
 */
export function trialTable(position: number): string {
  return `pg_temp.${identifier(`rowproof_trial_${position}`)}`;
}

export function createTrialSql(mapping: CompiledMapping, position: number): string {
  const columns = mapping.trialColumns.map((_, at) => `, c${at} pg_catalog.text`);
  return `create temporary table ${identifier(`rowproof_trial_${position}`)} (key pg_catalog.text, class pg_catalog.text, rule pg_catalog.text${columns.join('')})`;
}

export function trialInto(mapping: CompiledMapping, position: number): string {
  return `${trialTable(position)} (${['key', 'class', ...mapping.trialColumns.map((_, at) => `c${at}`)].join(', ')})`;
}

/** Columns of the trial that only the target can judge, with their place in it. */
function evaluatedColumns(
  mapping: CompiledMapping,
): { readonly at: number; readonly name: string; readonly trial: ValueTrial }[] {
  return mapping.trialColumns.flatMap((name, at) => {
    const trial = mapping.columns.find((column) => column.target === name)?.trial;
    return trial === undefined ? [] : [{ at, name, trial }];
  });
}

/**
 * Statements that mark the rows with a value that the target's types do not take as it is (class `cast`, the refusal as rule), and take
 * such values out of what children may refer to.
 */
export function evaluateSql(mapping: CompiledMapping, position: number): string[] {
  const evaluated = evaluatedColumns(mapping);
  if (evaluated.length === 0) return [];
  const table = trialTable(position);
  const evaluate = (suffix: string): string => `pg_temp.${identifier(`rowproof_evaluate_${position}${suffix}`)}`;
  const refused = (call: string, condition: string): string =>
    `(select ctid as place, ${call} as refusal from ${table} where ${condition} offset 0) as x where x.place = t.ctid and x.refusal is not null`;
  const all = evaluateCall(
    evaluate(''),
    evaluated.map(({ at }) => `c${at}`),
  );
  return [
    ...createEvaluateSql(
      evaluate(''),
      evaluated.map(({ trial }) => trial),
    ),
    `update ${table} as t set class = 'cast', rule = x.refusal from ${refused(all, `class = 'ok'`)}`,
    ...evaluated
      .filter(({ name }) => mapping.referencedColumns.includes(name))
      .flatMap(({ at, trial }) => [
        ...createEvaluateSql(evaluate(`_${at}`), [trial]),
        `update ${table} as t set c${at} = null from ${refused(evaluateCall(evaluate(`_${at}`), [`c${at}`]), `class <> 'ok'`)}`,
      ]),
  ];
}

/**
 * For each column whose JSON text jsonb will keep: the statement that counts the rows in which it drops a repeated key. A document that
 * loses a key has fewer parts; where as many colons are left and none was escaped, none is lost.
 */
export function duplicateKeysSql(mapping: CompiledMapping, position: number): { column: string; sql: string[] }[] {
  const nodes = `pg_temp.rowproof_parts`;
  return evaluatedColumns(mapping).flatMap(({ at, name }) => {
    if (mapping.columns.find((column) => column.target === name)?.cast.kind !== 'jsonb') return [];
    const colons = (text: string): string => `(length(${text}) - length(replace(${text}, ':', '')))`;
    const kept = `(t.c${at}::jsonb)::text`;
    return [
      {
        column: name,
        sql: [
          `create or replace function ${nodes}(document json) returns bigint language sql as $rowproof$
            with recursive part (value) as (select document union all select inner_part.value from part cross join lateral (
              select value from json_each(case when json_typeof(part.value) = 'object' then part.value else '{}' end)
              union all select value from json_array_elements(case when json_typeof(part.value) = 'array' then part.value else '[]' end)
            ) as inner_part) select count(*) from part $rowproof$`,
          `select count(*) from (select t.c${at} as given, ${kept} as kept from ${trialTable(position)} as t where t.class = 'ok' offset 0) as d
            where (${colons('given')} <> ${colons('kept')} or given like E'%\\\\u%') and ${nodes}(given::json) <> ${nodes}(kept::json)`,
        ],
      },
    ];
  });
}

/** The column and the refusal that `rule` of a row of class `cast` says. */
export function evaluatedRule(
  mapping: CompiledMapping,
  rule: string,
): { readonly column: string; readonly trial: ValueTrial; readonly refusal: Refusal } {
  const refusal = readRefusal(rule);
  const { name, trial } = evaluatedColumns(mapping)[refusal.field] as ReturnType<typeof evaluatedColumns>[number];
  return { column: name, trial, refusal };
}

/** The trial rows with their columns named and typed as in the target, so that the target's expressions apply as they are. */
function typedRows(mapping: CompiledMapping, position: number, condition: string, needed?: readonly string[]): string {
  const columns = mapping.trialColumns.flatMap((name, at) => {
    if (needed !== undefined && !needed.includes(name)) return [];
    const column = mapping.columns.find((known) => known.target === name);
    const collate = column?.collate === undefined ? '' : ` collate ${column.collate}`;
    const text = `t.c${at}`;
    return [`${column === undefined ? text : `(${text}::${typeName(column.type)})${collate}`} as ${identifier(name)}`];
  });
  const list = ['t.ctid as rowproof_place', 't.key as rowproof_key', 't.class as rowproof_class', ...columns];
  return `(select ${list.join(', ')} from ${trialTable(position)} as t where ${condition})`;
}

/** Bare `character` and `bit` would mean a length of one. */
const withoutLength: Readonly<Record<string, string>> = { character: 'pg_catalog.bpchar', bit: 'pg_catalog."bit"' };

/** A domain by its base: its own rules are tried one by one. */
function typeName(type: ColumnType): string {
  const name = baseTypeName(type);
  return withoutLength[name] ?? name;
}

/** Marks rows that break a CHECK; the command tag counts them. */
export function tryCheckSql(mapping: CompiledMapping, position: number, check: CheckSpec): string {
  const rows = typedRows(mapping, position, "t.class = 'ok'", check.columns);
  const value = `(select v.rowproof_place, v.${identifier(check.columns[0] ?? '')} as value from ${rows} as v)`;
  return [
    `update ${trialTable(position)} as t set class = 'check', rule = ${literal(check.finding)}`,
    `from ${check.ofDomain ? value : rows} as x`,
    `where t.ctid = x.rowproof_place and (${check.expression}) is false`,
  ].join('\n');
}

/** Marks all but the row with the lowest source key of each group that a unique key forbids; keys are read only of such groups. */
export function tryUniqueSql(mapping: CompiledMapping, position: number, unique: UniqueSpec): string {
  const keys = unique.expressions;
  const known = unique.nullsNotDistinct ? [] : keys.map((key) => `(${key}) is not null`);
  const conditions = [...known, ...(unique.predicate === null ? [] : [`(${unique.predicate})`])];
  const names = keys.map((_, at) => `rowproof_unique_${at}`);
  return [
    `update ${trialTable(position)} as t set class = 'unique', rule = ${literal(unique.finding)}`,
    `from (select rowproof_place, row_number() over (partition by ${names.join(', ')} order by ${keyOrder(mapping)}) as nth`,
    `from (select rowproof_place, rowproof_key, ${keys.map((key, at) => `${key} as ${names[at]}`).join(', ')}, count(*) over (partition by ${keys.join(', ')}) as alike`,
    `from ${typedRows(mapping, position, "t.class = 'ok'")} as x${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}) as g where g.alike > 1) as y`,
    'where t.ctid = y.rowproof_place and y.nth > 1',
  ].join('\n');
}

function keyOrder(mapping: CompiledMapping): string {
  return mapping.key
    .map((column, at) => {
      const part = `(rowproof_key::pg_catalog.jsonb ->> ${at})`;
      if (isPhysical([column])) return `${part}::pg_catalog.tid`;
      return column.order === 'integer' ? `${part}::pg_catalog.numeric` : `${part} collate "C"`;
    })
    .join(', ');
}

/**
 * Marks rows whose parent is not there (any more) and says why; repeated until nothing changes. A parent that is not `whole` has only some
 * of its rows here: a child is marked where its parent is here and gone.
 */
export function tryReferenceSql(
  child: CompiledMapping,
  position: number,
  reference: ReferenceSpec,
  parent: { readonly mapping: CompiledMapping; readonly position: number; readonly whole: boolean } | null,
): string {
  const columns = reference.columns.map(identifier);
  const given = columns.map((column) => `c.${column} is not null`);
  const needed = reference.matchFull ? `(${given.join(' or ')})` : given.join(' and ');
  const matches = (alias: string): string =>
    reference.parentColumns
      .map(
        (column, at) =>
          `${alias}.${identifier(column)} ${reference.operators?.[at] ?? '='} c.${columns[at]}${likeParent(at)}`,
      )
      .join(' and ');
  // a foreign key compares by the collation of the parent's column
  const likeParent = (at: number): string => {
    const theirs = parent?.mapping.columns.find((column) => column.target === reference.parentColumns[at]);
    const ours = child.columns.find((column) => column.target === reference.columns[at]);
    if (theirs === undefined || ours?.collate === theirs.collate) return '';
    return ` collate ${theirs.collate ?? 'pg_catalog."default"'}`;
  };
  const kept = parent === null ? qualified(reference.parent) : parentRows(parent, "t.class = 'ok'", reference);
  const gone = parent === null ? null : parentRows(parent, "t.class <> 'ok'", reference);
  const outcome =
    gone === null
      ? `'orphan'`
      : `case when bool_or(g.rowproof_class not in ('out_of_scope', 'parent_out_of_scope')) then 'parent_quarantined'
          when count(g.rowproof_class) > 0 then 'parent_out_of_scope' else 'orphan' end`;
  return [
    `update ${trialTable(position)} as t set class = y.outcome, rule = ${literal(reference.finding)}`,
    `from (select c.rowproof_place, ${outcome} as outcome`,
    `from ${typedRows(child, position, "t.class = 'ok'", reference.columns)} as c`,
    ...(gone === null ? [] : [`${parent?.whole === true ? 'left ' : ''}join ${gone} as g on ${matches('g')}`]),
    `where ${needed} and not exists (select 1 from ${kept} as p where ${matches('p')})`,
    'group by c.rowproof_place) as y',
    'where t.ctid = y.rowproof_place',
  ].join('\n');
}

/** Gives a row where the table has any. */
export function firstRowSql(table: QualifiedName): string {
  return `select 1 from ${qualified(table)} limit 1`;
}

/** Counts rows of a table outside the plan that a foreign key holds against rows which the run will not bring. */
export function countOutsideOrphansSql(
  reference: {
    readonly child: QualifiedName;
    readonly columns: readonly string[];
    readonly parentColumns: readonly string[];
    readonly operators: readonly string[];
    readonly matchFull: boolean;
  },
  parent: { readonly mapping: CompiledMapping; readonly position: number },
): string {
  const given = reference.columns.map((column) => `c.${identifier(column)} is not null`);
  const matches = reference.parentColumns.map(
    (column, at) =>
      `p.${identifier(column)} ${reference.operators[at] ?? '='} c.${identifier(reference.columns[at] as string)}`,
  );
  const kept = typedRows(parent.mapping, parent.position, "t.class = 'ok'", reference.parentColumns);
  return [
    `select count(*) from ${qualified(reference.child)} as c`,
    `where ${reference.matchFull ? `(${given.join(' or ')})` : given.join(' and ')}`,
    `and not exists (select 1 from ${kept} as p where ${matches.join(' and ')})`,
  ].join('\n');
}

function parentRows(
  parent: { readonly mapping: CompiledMapping; readonly position: number },
  condition: string,
  reference: ReferenceSpec,
): string {
  return typedRows(parent.mapping, parent.position, condition, reference.parentColumns);
}

/** The values of `columns` in rows that rules took away, as one JSON array of arrays of texts. */
export function lostValuesSql(mapping: CompiledMapping, position: number, columns: readonly string[]): string {
  const texts = columns.map((name) => `c${mapping.trialColumns.indexOf(name)}`);
  const given = texts.map((text) => `${text} is not null`).join(' and ');
  return `select coalesce(pg_catalog.jsonb_agg(distinct pg_catalog.jsonb_build_array(${texts.join(', ')})), '[]')::pg_catalog.text as lost from ${trialTable(position)} where rule is not null and ${given}`;
}

/** How many rows each rule took: class, rule, rows. */
export function trialCountsSql(position: number): string {
  return `select class, rule, count(*) as rows from ${trialTable(position)} where rule is not null group by class, rule`;
}

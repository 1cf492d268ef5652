import { identifier, literal, qualified } from '../sql/quote';
import { replicaIdentityFull } from '../sql/replica-identity';
import type { ApplyTable, ReferenceRule } from './apply-table';

/** SQL of what a round does to rows that are in the target: stage, find, lift, change in place. */

export const key = 'rowproof_key';

export function names(columns: readonly string[], of = ''): string {
  return columns.map((name) => `${of}${identifier(name)}`).join(', ');
}

export function writable(table: ApplyTable): string[] {
  return table.columns.filter((column) => !column.generated).map((column) => column.name);
}

function every(table: ApplyTable): string[] {
  return table.columns.map((column) => column.name);
}

function typeOf(table: ApplyTable, name: string): string {
  return table.columns.find((column) => column.name === name)?.type ?? 'text';
}

/** Text of a target key as the ledger spells it. */
export function targetKeyText(table: ApplyTable, of: string): string {
  return `jsonb_build_array(${table.targetKey.map(({ name }) => `${of}${identifier(name)}::text`).join(', ')})::text`;
}

/** Whether two rows have the same target key, as its index sees it. */
function sameTargetKey(table: ApplyTable, left: string, right: string): string {
  return table.targetKey
    .map(({ name, operator }) => `${left}${identifier(name)} ${operator} ${right}${identifier(name)}`)
    .join(' and ');
}

/** Images, because the search path finds no equality of types of extensions, and some types have none. */
function differs(columns: readonly string[], left: string, right: string): string {
  return `(row(${names(columns, left)})::record operator(pg_catalog.*<>) row(${names(columns, right)})::record)`;
}

/** How long scratch tables stand: for the rounds of a session, for one, or until the round drops them. */
export type ScratchLifetime = 'session' | 'round' | 'dropped';

/** `create table` of a scratch table. */
export function createTableSql(name: string, columns: string, lifetime: ScratchLifetime): string {
  if (lifetime === 'dropped') return `create table ${name} (${columns}); ${replicaIdentityFull(name)}`;
  return `create temporary table ${name} (${columns}) on commit ${lifetime === 'session' ? 'delete rows' : 'drop'}`;
}

/** Creates the scratch tables of a target table. */
export function createScratchSql(table: ApplyTable, lifetime: ScratchLifetime): string {
  const { scratch, target } = table;
  const create = (name: string, columns: string): string => createTableSql(name, columns, lifetime);
  const fields = table.loaded.map((_, index) => `, c${index} text`).join('');
  const serial = table.columns
    .filter(({ name, sequence }) => sequence !== null && !table.loaded.includes(name))
    .map(
      ({ name, sequence }) =>
        `alter table ${scratch.row} alter column ${identifier(name)} set default pg_catalog.nextval(${literal(sequence)})`,
    );
  return [
    create(scratch.raw, `rowproof_n bigint, ${key} text${fields}`),
    create(
      scratch.row,
      `${key} text, rowproof_rank smallint, rowproof_n bigint, like ${qualified(target)} including defaults including generated including constraints`,
    ),
    ...serial,
    create(scratch.dirty, `${key} text, rowproof_target text`),
    create(
      scratch.old,
      `${key} text, rowproof_row tid, rowproof_table oid, rowproof_pulled boolean, like ${qualified(target)}`,
    ),
    create(scratch.inPlace, 'n tid, o tid'),
    create(scratch.outcome, 'n tid, why text'),
    create(scratch.trace, `rowproof_target text, ${key} text`),
  ].join('; ');
}

export function dropScratchSql({ scratch }: ApplyTable): string {
  return `drop table if exists ${Object.values(scratch).join(', ')}`;
}

/** The text of a loaded column as its type, its length aside. */
export function castSql(table: ApplyTable, index: number): string {
  return `c${index}::${typeOf(table, table.loaded[index] as string)}`;
}

/** Rows that arrived as text at positions [from, to) become rows as the target types them. */
export function stageSql(table: ApplyTable, { from, to }: { readonly from: number; readonly to: number }): string {
  const casts = table.loaded.map((_, index) => castSql(table, index)).join(', ');
  return `insert into ${table.scratch.row} (${key}, rowproof_rank, rowproof_n, ${names(table.loaded)})
    select ${key}, 2, rowproof_n, ${casts} from ${table.scratch.raw} where rowproof_n >= ${from} and rowproof_n < ${to}`;
}

/** Source keys that share a target key with changed ones. $1 run, $2 mapping. */
export function siblingsSql({ scratch }: ApplyTable): string {
  return `select p.source_key from rowproof.provenance p where p.run = $1 and p.mapping = $2
    and p.target_key in (select w.target_key from rowproof.provenance w join ${scratch.dirty} d on d.${key} = w.source_key
      where w.run = $1 and w.mapping = $2)
    and not exists (select from ${scratch.dirty} d where d.${key} = p.source_key)`;
}

/** Target rows of the changed source keys, those that were changed at once aside. Where several source keys share a target key, nobody can tell whose a row is. */
export function oldSql(table: ApplyTable, run: string, whole: boolean, some = false): string {
  const { scratch } = table;
  const into = `insert into ${scratch.old} (${key}, rowproof_row, rowproof_table, rowproof_pulled, ${names(every(table))})`;
  const row = `t.ctid, t.tableoid, false, ${names(every(table), 't.')} from`;
  const owners = `select p.target_key, case when count(*) = 1 then min(p.source_key) end as source_key
    from rowproof.provenance p where p.run = ${literal(run)} and p.mapping = ${literal(table.mapping)}`;
  if (whole) {
    const from = table.provenance
      ? `(${owners} group by p.target_key) w on w.target_key = ${targetKeyText(table, 't.')}`
      : `${scratch.row} w on w.rowproof_rank = 2 and ${sameTargetKey(table, 't.', 'w.')}`;
    const of = table.provenance ? 'w.source_key' : `w.${key}`;
    return `${into} select ${of}, ${row} ${qualified(table.target)} t left join ${from}`;
  }
  const typed = table.targetKey
    .map(({ name }, index) => `(k ->> ${index})::${typeOf(table, name)} as ${identifier(name)}`)
    .join(', ');
  const of = table.provenance
    ? `select source_key as ${key}, target_key::jsonb as k from (${owners} and p.source_key in (select ${key} from ${scratch.dirty}) group by p.target_key) w`
    : `select d.${key}, d.rowproof_target::jsonb as k from ${scratch.dirty} d where d.rowproof_target is not null${some ? notAtOnce(table) : ''}`;
  return `${into} select d.${key}, ${row} (select ${key}, ${typed} from (${of}) s) d
    join ${qualified(table.target)} t on ${sameTargetKey(table, 't.', 'd.')}`;
}

function notAtOnce({ scratch }: ApplyTable): string {
  return ` and not exists (select from ${scratch.inPlace} s join ${scratch.row} r on r.ctid = s.n where s.o is null and r.${key} = d.${key})`;
}

/** Everything of a row that rules look at, foreign keys of its own aside: where it is the same, the row may stay. */
function footprint(table: ApplyTable, references: readonly ReferenceRule[]): string {
  const columns = new Set(table.targetKey.map(({ name }) => name));
  for (const { name, identity } of table.columns)
    if (identity === 'always' && table.loaded.includes(name)) columns.add(name);
  for (const rule of references)
    if (rule.parent === table.number) rule.parentColumns.forEach((name) => columns.add(name));
  const uniques = table.uniques.flatMap(({ expressions, predicate }) => [
    ...expressions.map((one) => `(${one})`),
    ...(predicate === null ? [] : [`(${predicate})`]),
  ]);
  return `row(${[names([...columns]), ...uniques].join(', ')})`;
}

/** Pairs of arrived and old rows that are changed in place. */
export function inPlaceSql(table: ApplyTable, references: readonly ReferenceRule[]): string {
  const print = footprint(table, references);
  const of = (name: string): string => `(select ctid as n, ${key}, ${print} as print from ${name}) `;
  return `insert into ${table.scratch.inPlace} select r.n, o.n from ${of(table.scratch.row)} r
    join ${of(table.scratch.old)} o on o.${key} = r.${key} and o.print operator(pg_catalog.*=) r.print`;
}

export function countDisplacedSql(tables: readonly ApplyTable[]): string {
  return `select ${tables.map(countDisplaced).join(', ')}`;
}

/** Lifted rows of a table, as n_n: all of `old` but those that stay, of which each stays once. */
export function countDisplaced({ number, scratch }: ApplyTable): string {
  return `((select count(*) from ${scratch.old}) - (select count(o) from ${scratch.inPlace}))::text as n${number}`;
}

/**
 * Planned by itself (OFFSET 0): behind a join by several columns, which the planner takes for one row, every row of `old` would be compared
 * with every row in place.
 */
function displaced({ old, inPlace }: ApplyTable['scratch']): string {
  return `(select o.* from ${old} o where not exists (select from ${inPlace} s where s.o = o.ctid) offset 0)`;
}

/** Equality of parent `p` and child `c`, and that the child's columns are all set. */
export function refersTo(rule: ReferenceRule, parent: string, child: string): string {
  return rule.parentColumns
    .map(
      (name, index) =>
        `${parent}${identifier(name)} ${rule.operators[index]} ${child}${identifier(rule.columns[index] as string)}`,
    )
    .join(' and ');
}

export function isSet(rule: ReferenceRule, of: string): string {
  return rule.columns.map((name) => `${of}${identifier(name)} is distinct from null`).join(' and ');
}

/** MATCH FULL forbids keys that are partly null; null where that cannot be. */
export function isMixed(rule: ReferenceRule, of: string): string | null {
  if (!rule.matchFull || rule.columns.length < 2) return null;
  const unset = rule.columns.map((name) => `${of}${identifier(name)} is not distinct from null`);
  return `((${unset.join(' or ')}) and not (${unset.join(' and ')}))`;
}

/** Rows whose foreign key changes stay only where the new parent is in the target, and stays there. */
export function displaceForNewParentSql(rule: ReferenceRule, child: ApplyTable, parent: ApplyTable | null): string {
  const { inPlace, row, old } = child.scratch;
  const remains =
    parent === null
      ? ''
      : ` and not exists (select from ${displaced(parent.scratch)} x where x.rowproof_row = p.ctid and x.rowproof_table = p.tableoid)`;
  const changed = differs(rule.columns, 'r.', 'o.');
  const mixed = isMixed(rule, 'r.');
  const base = `select s.n from ${inPlace} s join ${row} r on r.ctid = s.n join ${old} o on o.ctid = s.o where ${changed}`;
  const missing = `${base} and ${isSet(rule, 'r.')} and not exists (select from ${qualified(rule.parentRelation)} p
    where ${refersTo(rule, 'p.', 'r.')}${remains})`;
  const all = mixed === null ? missing : `${missing} union all ${base} and ${mixed}`;
  return `delete from ${inPlace} where n in (${all})`;
}

/** Rows that refer to a displaced row cannot stay. */
export function displaceInPlaceChildrenSql(rule: ReferenceRule, child: ApplyTable, parent: ApplyTable): string {
  const { inPlace, row } = child.scratch;
  return `delete from ${inPlace} where n in (select s.n from ${inPlace} s join ${row} r on r.ctid = s.n
    where s.o is not null and exists (select from ${displaced(parent.scratch)} o where ${refersTo(rule, 'o.', 'r.')}))`;
}

/** One row when rows of the table refer to displaced ones. */
export function anyChildSql(rule: ReferenceRule, parent: ApplyTable): string {
  return `select 1 from ${qualified(rule.childRelation)} c
    where exists (select from ${displaced(parent.scratch)} o where ${refersTo(rule, 'o.', 'c.')}) limit 1`;
}

/** Displaces rows of the target that refer to displaced ones. */
export function pullChildrenSql(rule: ReferenceRule, child: ApplyTable, parent: ApplyTable): string {
  const { old } = child.scratch;
  return `insert into ${old} (rowproof_row, rowproof_table, rowproof_pulled, ${names(every(child))})
    select t.ctid, t.tableoid, true, ${names(every(child), 't.')} from ${qualified(rule.childRelation)} t
    where exists (select from ${displaced(parent.scratch)} o where ${refersTo(rule, 'o.', 't.')})
      and not exists (select from ${old} x where x.rowproof_row = t.ctid and x.rowproof_table = t.tableoid)`;
}

/** Pulled rows want to come back; $1 run, $2 mapping. */
export function returnPulledSql(table: ApplyTable): string {
  const { row, old } = table.scratch;
  const columns = writable(table);
  const of = table.provenance
    ? `(select w.source_key from rowproof.provenance w where w.run = $1 and w.mapping = $2 and w.target_key = ${targetKeyText(table, 'o.')})`
    : 'null';
  return `insert into ${row} (${key}, rowproof_rank, ${names(columns)})
    select ${of}, 0, ${names(columns, 'o.')} from ${old} o where o.rowproof_pulled and $1::text is not null and $2::text is not null`;
}

/** Columns that a change in place sets. */
function settable(table: ApplyTable): string[] {
  const fixed = new Set(table.targetKey.map(({ name }) => name));
  return table.columns
    .filter(({ name, identity }) => table.loaded.includes(name) && !fixed.has(name) && identity !== 'always')
    .map(({ name }) => name);
}

/** Tables of which a row can be changed in place. */
export function changeable(tables: readonly ApplyTable[]): ApplyTable[] {
  return tables.filter((table) => settable(table).length > 0);
}

/**
 * Changes rows of changeable tables in place, in one statement: how many had to change (due_n), how many did (done_n), and their
 * xmin. `some`: those of the one table at the places $1.
 */
export function updateSql(tables: readonly ApplyTable[], stamp: string, only: 'all' | 'some'): string {
  const parts = tables.map((table) => {
    const { inPlace, row, old } = table.scratch;
    const set = settable(table);
    const pairs = `${inPlace} s join ${row} r on r.ctid = s.n join ${old} o on o.ctid = s.o
      where ${differs(set, 'o.', 'r.')}${only === 'some' ? ' and s.n = any($1::tid[])' : ''}`;
    return `pair${table.number} as (select o.rowproof_row, o.rowproof_table, ${names(writable(table), 'r.')} from ${pairs}),
    done${table.number} as (update ${qualified(table.target)} t set ${set.map((name) => `${identifier(name)} = r.${identifier(name)}`).join(', ')}
      from pair${table.number} r where ${sameTargetKey(table, 't.', 'r.')} and t.ctid = r.rowproof_row and t.tableoid = r.rowproof_table returning 1)`;
  });
  const counts = tables.map(
    ({ number }) =>
      `(select count(*) from pair${number})::text as due${number}, (select count(*) from done${number})::text as done${number}`,
  );
  return `with stamp as (insert into ${stamp} values (1) returning xmin::text as xmin), ${parts.join(', ')}
    select ${counts.join(', ')}, (select xmin from stamp) as xmin`;
}

/**
 * Columns of a row that rules look at, its own foreign keys among them, and target key: where they are the same, a row is changed at
 * once. Null where that cannot be told by columns, or nothing can be changed in place.
 */
export function ruledColumns(table: ApplyTable, references: readonly ReferenceRule[]): string[] | null {
  if (table.provenance || !table.keyIndexed || settable(table).length === 0) return null;
  const columns = new Set(table.targetKey.map(({ name }) => name));
  for (const { name, identity } of table.columns)
    if (identity === 'always' && table.loaded.includes(name)) columns.add(name);
  for (const rule of references) {
    if (rule.parent === table.number) rule.parentColumns.forEach((name) => columns.add(name));
    if (rule.child === table.number) rule.columns.forEach((name) => columns.add(name));
  }
  for (const { plain } of table.uniques) {
    if (plain === null) return null;
    plain.forEach((name) => columns.add(name));
  }
  return [...columns];
}

/**
 * Changes rows that arrived at positions [from, to) at once where they are in the target and `ruled` is the same: nothing else of the
 * round bears on whether they fit. They stay. How many (`done`), and their xmin.
 */
export function changeAtOnceSql(
  table: ApplyTable,
  ruled: readonly string[],
  stamp: string,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  const { inPlace, row } = table.scratch;
  const set = settable(table);
  return `with stamp as (insert into ${stamp} values (1) returning xmin::text as xmin),
    done as (update ${qualified(table.target)} t set ${set.map((name) => `${identifier(name)} = r.${identifier(name)}`).join(', ')}
      from ${row} r where r.rowproof_n >= ${from} and r.rowproof_n < ${to} and ${sameTargetKey(table, 't.', 'r.')}
        and not ${differs(ruled, 't.', 'r.')} and ${differs(set, 't.', 'r.')} returning r.ctid as n),
    kept as (insert into ${inPlace} (n) select n from done returning 1)
    select (select count(*) from kept)::text as done, (select xmin from stamp) as xmin`;
}

/** One statement for all tables, so that foreign keys are looked at when every row is gone. Counts as due_n and done_n. */
export function deleteDisplacedSql(tables: readonly ApplyTable[]): string {
  const parts = tables.map(
    (table) => `d${table.number} as (delete from ${qualified(table.target)} t using ${displaced(table.scratch)} o
      where ${sameTargetKey(table, 't.', 'o.')} and t.ctid = o.rowproof_row and t.tableoid = o.rowproof_table returning 1)`,
  );
  const counts = tables.map(
    ({ number, scratch }) =>
      `(select count(*) from ${displaced(scratch)} l)::text as due${number}, (select count(*) from d${number})::text as done${number}`,
  );
  return `with ${parts.join(', ')} select ${counts.join(', ')}`;
}

/** Places of all rows that are changed in place. */
export function inPlaceTargetsSql({ scratch }: ApplyTable): string {
  return `select n::text as n from ${scratch.inPlace} where o is not null order by n`;
}

/** Rows at the places $1 leave the target, and the target itself has refused them. */
export function displaceInPlaceSql({ scratch }: ApplyTable): string {
  return `with gone as (delete from ${scratch.inPlace} where n = any($1::tid[]) returning n)
    insert into ${scratch.outcome} (n, why) select n, 'x' from gone`;
}

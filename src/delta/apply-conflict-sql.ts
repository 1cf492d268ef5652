import { identifier, literal, qualified } from '../sql/quote';
import { countDisplaced, isMixed, isSet, key, names, refersTo, writable } from './apply-sql';
import type { ApplyTable, ReferenceRule, UniqueRule } from './apply-table';

/** SQL that decides which candidates enter the target, and lets them in. */

/** Rows that are not changed in place become candidates. */
export function candidatesSql({ scratch }: ApplyTable): string {
  return `insert into ${scratch.outcome} (n) select r.ctid from ${scratch.row} r
    where not exists (select from ${scratch.inPlace} s where s.n = r.ctid) and not exists (select from ${scratch.outcome} f where f.n = r.ctid)`;
}

/** Candidates and displaced rows by table: open_n, n_n. */
export function countMovingSql(tables: readonly ApplyTable[]): string {
  return `select ${tables
    .map(
      (table) =>
        `(select count(*) from ${table.scratch.outcome} where why is null)::text as open${table.number}, ${countDisplaced(table)}`,
    )
    .join(', ')}`;
}

/** Candidates that did not get in, for good, by table: out_n. */
export function countOutSql(tables: readonly ApplyTable[]): string {
  return `select ${tables
    .map(({ number, scratch }) => `(select count(*) from ${scratch.outcome} where why <> 'in')::text as out${number}`)
    .join(', ')}`;
}

/** Rows that wait become candidates again. */
export function returnDeferredSql(table: ApplyTable, deferred: string): string {
  const columns = writable(table);
  return `insert into ${table.scratch.row} (${key}, rowproof_rank, ${names(columns)}) select ${key}, 3, ${names(columns)} from ${deferred}`;
}

function open({ scratch }: ApplyTable, row: string): string {
  return `${scratch.row} ${row} join ${scratch.outcome} ${row}_outcome on ${row}_outcome.n = ${row}.ctid and ${row}_outcome.why is null`;
}

/** `losers`: the places of their candidates, f. By place and not by a join: how many there are is what no statistics tell. */
function exclude({ scratch }: ApplyTable, why: string, losers: string): string {
  return `update ${scratch.outcome} set why = ${literal(why)} where ctid = any (array(${losers}))`;
}

/** Candidates without a parent in the target or among candidates. */
export function orphansSql(rule: ReferenceRule, child: ApplyTable, parent: ApplyTable | null, why: string): string {
  const among =
    parent === null ? '' : ` and not exists (select from ${open(parent, 'q')} where ${refersTo(rule, 'q.', 'r.')})`;
  // rows of the round are compared with each other first, by themselves: few are left to be looked up in the target, by its index
  const alone = `select r.*, r_outcome.ctid as rowproof_f from ${open(child, 'r')} where ${isSet(rule, 'r.')}${among} offset 0`;
  const missing = `select r.rowproof_f from (${alone}) r
    where not exists (select from ${qualified(rule.parentRelation)} p where ${refersTo(rule, 'p.', 'r.')})`;
  const mixed = isMixed(rule, 'r.');
  const all =
    mixed === null ? missing : `${missing} union all select r_outcome.ctid from ${open(child, 'r')} where ${mixed}`;
  return exclude(child, why, all);
}

/** Candidates of a table that take part in a unique key, with their places f and its values as e0, e1, … */
function values(table: ApplyTable, rule: UniqueRule): string {
  const known = rule.nullsNotDistinct ? [] : rule.expressions.map((one) => `(${one}) is distinct from null`);
  const all = [...known, ...(rule.predicate === null ? [] : [`(${rule.predicate})`])];
  const named = rule.expressions.map((one, index) => `(${one}) as e${index}`).join(', ');
  return `select rowproof_f as f, rowproof_r.ctid as n, ${key} as source_key, rowproof_rank as rank, ${named} from ${table.scratch.row} rowproof_r
    join (select ctid as rowproof_f, n as rowproof_at from ${table.scratch.outcome} where why is null) rowproof_o
      on rowproof_at = rowproof_r.ctid${all.map((one) => ` and ${one}`).join('')}`;
}

/** Candidates whose unique value a row of the target has. */
export function takenSql(table: ApplyTable, rule: UniqueRule, why: string): string {
  const same = rule.expressions.map((one, index) => {
    const value = `rowproof_c.e${index}`;
    const equal = `(${one}) ${rule.operators[index]} ${value}`;
    return rule.nullsNotDistinct
      ? `(${equal} or ((${one}) is not distinct from null and ${value} is not distinct from null))`
      : equal;
  });
  if (rule.predicate !== null) same.push(`(${rule.predicate})`);
  return exclude(
    table,
    why,
    `select rowproof_c.f from (${values(table, rule)}) rowproof_c
     where exists (select from ${qualified(table.target)} where ${same.join(' and ')})`,
  );
}

/** One row when candidates share a unique value. */
export function anySharedSql(table: ApplyTable, rule: UniqueRule): string {
  const keys = rule.expressions.map((_, index) => `e${index}`).join(', ');
  return `select 1 from (${values(table, rule)}) c group by ${keys} having count(*) > 1 limit 1`;
}

/** Of candidates that share a unique value all but the first: displaced rows, rows that were in the target, then by source key. */
export function sharedSql(table: ApplyTable, rule: UniqueRule, why: string): string {
  const keys = rule.expressions.map((_, index) => `c.e${index}`).join(', ');
  const existing = `case when c.rank = 0 then 0
    when c.source_key in (select o.${key} from ${table.scratch.old} o where o.${key} is not null) then 1 else 2 end`;
  const order = [existing, ...sourceKeyOrder(table, 'c.source_key'), 'c.n'].join(', ');
  return exclude(
    table,
    why,
    `select f from (select c.f, row_number() over (partition by ${keys} order by ${order}) as place
     from (${values(table, rule)}) c) d where place > 1`,
  );
}

function sourceKeyOrder(table: ApplyTable, text: string): string[] {
  return table.sourceKey.map(({ order }, index) => {
    const part = `(${text}::jsonb ->> ${index})`;
    return order === 'integer' ? `${part}::numeric` : `${part} collate "C"`;
  });
}

/** Candidates and losers by table: open_n, lost_n. */
export function countOutcomesSql(tables: readonly ApplyTable[]): string {
  return `select ${tables
    .map(
      ({ number, scratch }) =>
        `(select count(*) from ${scratch.outcome} where why is null)::text as open${number},
         (select count(*) from ${scratch.outcome} where why <> 'x' and why <> 'in')::text as lost${number}`,
    )
    .join(', ')}`;
}

/** Losers compete again: all, or only those that another candidate beat. */
export function reopenSql({ scratch }: ApplyTable, which: 'all' | 'beaten'): string {
  const whose = which === 'all' ? `why not in ('x', 'in')` : `why like 'c%'`;
  return `update ${scratch.outcome} set why = null where ${whose}`;
}

/**
 * One statement for all tables, so that foreign keys are looked at when every row is there. Counts as due_n and done_n, and the
 * xmin of what was written.
 */
export function insertSql(tables: readonly ApplyTable[], into: string): string {
  const parts = tables.map((table) => {
    const columns = writable(table);
    return `i${table.number} as (insert into ${qualified(table.target)} (${names(columns)}) overriding system value
      select ${names(columns, 'r.')} from ${open(table, 'r')} returning 1)`;
  });
  const counts = tables.map(
    ({ number, scratch }) =>
      `(select count(*) from ${scratch.outcome} where why is null)::text as due${number}, (select count(*) from i${number})::text as done${number}`,
  );
  return `with stamp as (insert into ${into} values (1) returning xmin::text as xmin), ${parts.join(', ')}
    select ${counts.join(', ')}, (select xmin from stamp) as xmin`;
}

/** Some candidates of one table alone, $1 their places: how many arrived. */
export function insertSomeSql(table: ApplyTable): string {
  const columns = writable(table);
  return `with i as (insert into ${qualified(table.target)} (${names(columns)}) overriding system value
      select ${names(columns, 'r.')} from ${table.scratch.row} r where r.ctid = any($1::tid[]) returning 1)
    select count(*)::text as n from i`;
}

/** What was let in is no candidate any more. */
export function enterSql({ scratch }: ApplyTable): string {
  return `update ${scratch.outcome} set why = 'in' where why is null`;
}

/** Places of all candidates of a table, in order. */
export function placesSql({ scratch }: ApplyTable): string {
  return `select n::text as n from ${scratch.outcome} where why is null order by n`;
}

/** Marks candidates at the places $1 as refused by the target itself. */
export function refuseSql({ scratch }: ApplyTable): string {
  return `update ${scratch.outcome} set why = 'x' where n = any($1::tid[])`;
}

/** Text of the referenced columns of a row, as quarantine keeps it. */
export function refsSql(table: ApplyTable, of: string): string {
  if (table.referencedColumns.length === 0) return 'null::jsonb';
  const texts = table.referencedColumns.map((name) => `${of}${identifier(name)}::text`).join(', ');
  return `jsonb_object(array[${table.referencedColumns.map(literal).join(', ')}]::text[], array[${texts}]::text[])`;
}

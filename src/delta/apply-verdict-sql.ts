import type { QualifiedName } from '../contract/catalog';
import { formatted } from '../settle/violations-sql';
import { identifier, literal, qualified } from '../sql/quote';
import { refsSql } from './apply-conflict-sql';
import { isMixed, key, names, targetKeyText } from './apply-sql';
import type { ApplyTable, ReferenceRule } from './apply-table';

/** SQL that books what a round decided: quarantine and held rows, provenance, touched keys. $1 run, $2 mapping throughout. */

/** The number of the mapping. */
const mappingNumber = `(select id from rowproof.mapping where run = $1 and name = $2)`;

/** Class of the quarantine row q. */
const classOfRow = `(select c.class from rowproof.quarantine_cause c where c.mapping = q.mapping and c.cause = q.cause) as class`;

/** Rows of the outcome `why` with their source keys, `rowproof_k`. */
function rowsOf(table: ApplyTable, why: string): string {
  const { outcome, row, trace } = table.scratch;
  return `select r.*, coalesce(r.${key}, w.${key}) as rowproof_k from ${outcome} f join ${row} r on r.ctid = f.n
    left join ${trace} w on r.${key} is null and w.rowproof_target = ${targetKeyText(table, 'r.')} where f.why ${why}`;
}

/** Target keys of losers whose source key nobody knows yet. */
export function untracedSql(table: ApplyTable): string {
  const { outcome, row } = table.scratch;
  return `select ${targetKeyText(table, 'r.')} as target_key from ${outcome} f join ${row} r on r.ctid = f.n
    where f.why is distinct from 'in' and f.why is not null and r.${key} is null`;
}

/** Losers that no source row is loaded as: they stay away, and nobody waits. */
export function dropUntracedSql(table: ApplyTable): string {
  const { outcome, row, trace } = table.scratch;
  return `update ${outcome} f set why = 'gone' from ${row} r where r.ctid = f.n and f.why <> 'in' and r.${key} is null
    and not exists (select from ${trace} w where w.rowproof_target = ${targetKeyText(table, 'r.')})`;
}

/** Source keys (`k`, may be null) of the rows at the places $1, with their place and the referenced columns. */
export function refusedSql(table: ApplyTable): string {
  return `select n::text as n, k, refs from (select f.n, coalesce(r.${key}, w.${key}) as k, (${refsSql(table, 'r.')})::text as refs
    from ${table.scratch.outcome} f join ${table.scratch.row} r on r.ctid = f.n
    left join ${table.scratch.trace} w on r.${key} is null and w.rowproof_target = ${targetKeyText(table, 'r.')} where f.why = 'x') s`;
}

/** Held rows that came in, or that changed their source: gone from where they waited. Returns classes of quarantine rows. */
export function releaseSql(table: ApplyTable, deferred: QualifiedName): string {
  const entered = `select r.${key} from ${table.scratch.outcome} f join ${table.scratch.row} r on r.ctid = f.n where f.why in ('in', 'x') and r.rowproof_rank = 3`;
  return `with gone as (delete from ${qualified(deferred)} where ${key} in (${entered}))
    delete from rowproof.quarantined q where q.mapping = ${mappingNumber} and q.source_key in (${entered}) returning ${classOfRow}`;
}

/** Losers that do not wait yet start to wait. */
export function holdSql(table: ApplyTable, deferred: QualifiedName): string {
  const columns = table.columns.map((column) => column.name);
  return `insert into ${qualified(deferred)} (${key}, ${names(columns)})
    select rowproof_k, ${names(columns)} from (${rowsOf(table, `like any (array['t%', 'c%', 'f%'])`)}) l where l.rowproof_rank <> 3`;
}

/** Quarantine rows of held losers whose obstacle is another one by now; $3 the constraint, $4 outcome. */
export function unbookLosersSql(table: ApplyTable): string {
  return `delete from rowproof.quarantined q using (${rowsOf(table, '= any($4::text[])')}) l
    where q.mapping = ${mappingNumber} and q.source_key = l.rowproof_k
      and not exists (select from rowproof.quarantine_cause c where c.mapping = q.mapping and c.cause = q.cause and c.constraint_name = $3)
    returning ${classOfRow}`;
}

/** $3 outcome, $4 name of the cause, $5 its class. */
export function bookLosersSql(table: ApplyTable): string {
  return `insert into rowproof.quarantined (mapping, source_key, cause, refs)
    select ${mappingNumber}, rowproof_k, $4, ${refsSql(table, 'l.')} from (${rowsOf(table, '= any($3::text[])')}) l
    where not exists (select from rowproof.quarantined q where q.mapping = ${mappingNumber} and q.source_key = l.rowproof_k) returning $5::text as class`;
}

/** Values, spelled as its child spells them, of the parents that rows held for a foreign key miss. */
export function missedSql(rule: ReferenceRule, deferred: QualifiedName): string {
  const values = rule.columns.map(
    (name, index) =>
      `${formatted(`h.${identifier(name)}::text`, rule.columnTypes[index] as string, false)} as k${index}`,
  );
  return `select ${values.join(', ')} from ${qualified(deferred)} h join rowproof.quarantine q
    on q.run = $1 and q.mapping = $2 and q.source_key = h.${key} and q.constraint_name = ${literal(rule.name)}`;
}

/** On the source: refs of rows out of scope whose first referenced column is among $1. */
export function outOfScopeSql(rule: ReferenceRule, statement: string): string {
  const value = formatted(
    `(s.refs::jsonb ->> ${literal(rule.parentColumns[0] as string)})`,
    rule.columnTypes[0] as string,
    true,
  );
  return `select s.refs::text as refs from (${statement}) as s (k, refs) where ${value} = any($1::text[])`;
}

export interface OrphanReasons {
  readonly orphan: OrphanBooking;
  readonly quarantined: OrphanBooking;
  readonly outOfScope: OrphanBooking;
}
interface OrphanBooking {
  readonly reason: string;
  readonly finding: string;
  readonly class: 'quarantined' | 'out_of_scope';
}

/**
 * Says anew why rows held for a foreign key wait. $3 mapping of the parent, $4 refs of parents out of scope as a JSON array, null
 * when nobody looked: then what was known stays. Returns classes before and after, of rows that changed.
 */
export function reclassifySql(rule: ReferenceRule, deferred: QualifiedName, reasons: OrphanReasons): string {
  const numbers = rule.columns.map((_, index) => `k${index}`);
  const ours = rule.columns.map(
    (name, index) =>
      `${formatted(`h.${identifier(name)}::text`, rule.columnTypes[index] as string, false)} as k${index}`,
  );
  const theirs = rule.parentColumns.map(
    (name, index) => `${formatted(`refs ->> ${literal(name)}`, rule.columnTypes[index] as string, true)} as k${index}`,
  );
  const of = (field: keyof OrphanBooking): string =>
    `case w.state when 'q' then ${literal(reasons.quarantined[field])} when 'o' then ${literal(reasons.outOfScope[field])} else ${literal(reasons.orphan[field])} end`;
  const mixed = isMixed(rule, 'h.') ?? 'false';
  // looked up and not joined: how many rows wait is what no statistics tell
  const among = (which: 'q' | 'o'): string =>
    `(${numbers.map((name) => `h.${name}`).join(', ')}) in (select ${numbers.join(', ')} from gone where ${which})`;
  return `with gone as (
      select ${numbers.join(', ')}, bool_or(class = 'quarantined') as q, bool_or(class = 'out_of_scope') as o
      from (select ${theirs.join(', ')}, class from (
        select refs, class from rowproof.quarantine where run = $1 and mapping = $3 and refs is not null
        union all select e, 'out_of_scope' from jsonb_array_elements($4::jsonb) as e) s) g
      where ${numbers.map((name) => `${name} is not null`).join(' and ')} group by ${numbers.join(', ')}
    ), w as (
      select h.source_key, h.class as was, h.reason, h.finding, case when h.mixed then 'n' when ${among('q')} then 'q' when ${among('o')} then 'o'
        when $4::jsonb is null and h.reason = 'parent_out_of_scope' then 'o' else 'n' end as state
      from (select ${ours.join(', ')}, ${mixed} as mixed, q.source_key, q.class, q.reason, q.finding from ${qualified(deferred)} h
        join rowproof.quarantine q on q.run = $1 and q.mapping = $2 and q.source_key = h.${key} and q.constraint_name = ${literal(rule.name)}) h
    ), moved as (
      select q.mapping, q.source_key, q.cause, w.was, ${of('reason')} as reason, ${of('finding')} as finding, ${of('class')} as class,
        split_part(q.cause, '>', 1) || '>' || w.state || ${of('class')} as now
      from w join rowproof.quarantined q on q.mapping = ${mappingNumber} and q.source_key = w.source_key
      where (w.reason, w.finding, w.was) is distinct from (${of('reason')}, ${of('finding')}, ${of('class')})
    ), named as (
      insert into rowproof.quarantine_cause (mapping, cause, class, reason, finding, column_name, transform, sqlstate, constraint_name, findings, batch, adjustment)
      select distinct c.mapping, m.now, m.class, m.reason, m.finding, c.column_name, c.transform, c.sqlstate, c.constraint_name, array[m.finding], c.batch, c.adjustment
      from moved m join rowproof.quarantine_cause c on c.mapping = m.mapping and c.cause = m.cause
      on conflict do nothing
    )
    update rowproof.quarantined q set cause = m.now from moved m
    where q.mapping = m.mapping and q.source_key = m.source_key returning m.was, m.class as now`;
}

/** Source keys of rows in the target that provenance has to know: changed in place or let in. */
export function noteProvenanceSql(table: ApplyTable): string {
  const { inPlace, outcome, row } = table.scratch;
  return `insert into rowproof.provenance (run, mapping, source_key, target_key)
    select $1, $2, r.${key}, ${targetKeyText(table, 'r.')} from ${row} r
    where r.${key} is not null and (r.ctid in (select n from ${inPlace}) or r.ctid in (select n from ${outcome} where why = 'in'))
    on conflict (run, mapping, source_key) do update set target_key = excluded.target_key`;
}

/** Provenance of changed keys and of rows displaced out of the target. */
export function forgetProvenanceSql(table: ApplyTable, whole: boolean): string {
  if (whole) return `delete from rowproof.provenance where run = $1 and mapping = $2`;
  return `delete from rowproof.provenance p where p.run = $1 and p.mapping = $2
    and (p.source_key in (select ${key} from ${table.scratch.dirty}) or p.source_key in (select ${key} from ${table.scratch.row} where rowproof_rank = 0 and ${key} is not null))`;
}

/** Which mapping of which run a round touches, with its number. */
export interface Touch {
  readonly run: string;
  readonly round: number;
}

function touchSourceKeys(table: ApplyTable, { run, round }: Touch, keys: string): string {
  const of = `${literal(run)}, ${literal(table.mapping)}`;
  return `insert into rowproof.touched (run, mapping, source_key, round)
    select ${of}, k, ${round}::bigint from (select distinct k from (${keys}) s where k is not null) d order by k collate "C"
    on conflict (run, mapping, source_key) do update set round = excluded.round`;
}

/** Notes every changed source key. */
export function touchSql(table: ApplyTable, touch: Touch): string {
  return touchSourceKeys(table, touch, `select ${key} as k from ${table.scratch.dirty}`);
}

/** Notes every source key of a table that was replaced; what stands in quarantine by now was written by this round. */
export function touchWholeSql(table: ApplyTable, touch: Touch): string {
  return touchSourceKeys(
    table,
    touch,
    `select ${key} as k from ${table.scratch.row} where rowproof_rank = 2
      union all select source_key from rowproof.quarantine where run = ${literal(touch.run)} and mapping = ${literal(table.mapping)}`,
  );
}

/** Notes source keys of rows that rules moved. */
export function touchMovedSql(table: ApplyTable, touch: Touch): string {
  const { row, outcome, trace } = table.scratch;
  return touchSourceKeys(
    table,
    touch,
    `select r.${key} as k from ${row} r join ${outcome} f on f.n = r.ctid
        where r.rowproof_rank = 0 and f.why <> 'in' or r.rowproof_rank = 3 and f.why = 'in'
      union all select ${key} from ${trace}`,
  );
}

/** Notes target keys that left the target. */
export function touchTargetSql(table: ApplyTable, { run, round }: Touch): string {
  const { old, inPlace, outcome, row } = table.scratch;
  return `insert into rowproof.touched_target (run, mapping, target_key, round)
    select distinct ${literal(run)}, ${literal(table.mapping)}, o.k, ${round}::bigint from (select ${targetKeyText(table, 'x.')} as k from ${old} x
        where not exists (select from ${inPlace} s where s.o = x.ctid)) o
    where o.k not in (select ${targetKeyText(table, 'r.')} from ${outcome} f join ${row} r on r.ctid = f.n where f.why = 'in') order by o.k
    on conflict (run, mapping, target_key) do update set round = excluded.round`;
}

/** Quarantine rows of changed source keys go; returns their classes. */
export function forgetQuarantineSql(table: ApplyTable, whole: boolean): string {
  const which = whole ? '' : ` and q.source_key in (select ${key} from ${table.scratch.dirty})`;
  return `delete from rowproof.quarantined q where q.mapping = ${mappingNumber}${which} returning ${classOfRow}`;
}

/** Held rows of changed source keys go. */
export function forgetDeferredSql(table: ApplyTable, deferred: QualifiedName, whole: boolean): string {
  return `delete from ${qualified(deferred)}${whole ? '' : ` where ${key} in (select ${key} from ${table.scratch.dirty})`}`;
}

import type { RowFailure } from '../../../copy/classify-failure';
import type { QuarantinedRow } from '../../../copy/quarantined-row';
import type { ApplyTable, ReferenceRule } from '../../../delta/apply-table';
import {
  bookLosersSql,
  forgetProvenanceSql,
  holdSql,
  missedSql,
  noteProvenanceSql,
  outOfScopeSql,
  reclassifySql,
  refusedSql,
  releaseSql,
  touchMovedSql,
  touchTargetSql,
  touchWholeSql,
  unbookLosersSql,
} from '../../../delta/apply-verdict-sql';
import { countOutSql } from '../../../delta/apply-conflict-sql';
import { addToDeltaReconciliation } from '../../../postgres/ledger/follow/reconciliation';
import { appendEvent } from '../../../postgres/ledger/run/event';
import { noteRoundCause } from '../../../postgres/ledger/quarantine/quarantine-cause';
import { readLedgerReconciliation } from '../../../postgres/ledger/proof/verdict';
import {
  applyStatement,
  countClasses,
  countMoves,
  readOutcomes,
  readCounts,
  readRefused,
  readTexts,
} from '../../../postgres/queries/follow/apply';
import { countRows } from '../../../postgres/queries/proof/rows';
import { classifyOrphan, type OrphanRule } from '../../../settle/classify';
import { qualified } from '../../../sql/quote';
import { failedRow } from '../../copy/careful-path';
import type { ActiveTable, ApplyRound } from './round-state';
import { quarantine } from './stage-rows';
import { trace } from '../trace-displaced';
import { sourceStatement } from '../../run/source-statement';

/** Books what the round decided: who waits and why, who came in, provenance, touched keys, running totals. */
export async function bookRound(
  round: ApplyRound,
  refused: ReadonlyMap<string, RowFailure>,
  evaluated: boolean,
): Promise<void> {
  const { session, work } = round;
  const lostBy = new Set<number>();
  const out = evaluated ? await countOut(round) : new Map<number, number>();
  if (evaluated) {
    for (const one of round.active.values()) {
      const lost = (out.get(one.table.number) ?? 0) > 0;
      if (lost) await trace(round, one);
      if (one.deferred && one.candidates > 0) {
        const names = round.names(one.table);
        round.unbook(one, await countClasses(session, releaseSql(one.table, round.deferred(one.table)), names));
      }
      if (!lost) continue;
      for (const index of await bookLosers(round, one)) lostBy.add(index);
    }
  }
  if (refused.size > 0) for (const one of round.active.values()) await bookRefused(round, one, refused);
  await reclassify(round, lostBy);
  const touched: string[] = [];
  const touch = { run: work.run.run, round: work.round };
  for (const one of round.active.values()) {
    const { table, incoming } = one;
    const names = round.names(table);
    if (table.provenance) {
      await applyStatement(session, forgetProvenanceSql(table, incoming?.whole === true), names);
      await applyStatement(session, noteProvenanceSql(table), names);
    }
    // changed keys were noted when they arrived
    if (incoming?.whole === true) touched.push(touchWholeSql(table, touch));
    if (one.deferred || (out.get(table.number) ?? 0) > 0) touched.push(touchMovedSql(table, touch));
    if (one.displaced > 0) touched.push(touchTargetSql(table, touch));
  }
  if (work.rulesOn && touched.length > 0) await applyStatement(session, touched.join('; '));
  await addToDeltaReconciliation(session, work.run.run, round.changes());
  for (const { table, incoming } of round.active.values()) if (incoming?.whole === true) await countAnew(round, table);
}

/**
 * A table that was read whole is what the source says, whatever others had done to it: from here on its books begin with the rows that are
 * there. A difference is an event, since it is not the work of any round.
 */
async function countAnew({ session, work }: ApplyRound, { mapping, target }: ApplyTable): Promise<void> {
  const { run } = work.run;
  const { receipts, adjustments, changes } = await readLedgerReconciliation(session, run, mapping);
  const booked = receipts.migrated + adjustments.migrated + (changes?.migrated ?? 0);
  const rows = (await countRows(session, qualified(target))) - booked;
  if (rows === 0) return;
  await addToDeltaReconciliation(session, run, [{ mapping, migrated: rows, quarantined: 0, outOfScope: 0 }]);
  await appendEvent(session, run, 'books counted anew', { mapping, rows, round: work.round });
}

/** Candidates that did not get in, by table. */
async function countOut({ session, wanting }: ApplyRound): Promise<ReadonlyMap<number, number>> {
  if (wanting.length === 0) return new Map();
  const { counts } = await readCounts(session, countOutSql(wanting.map(({ table }) => table)));
  return new Map(wanting.map(({ table }) => [table.number, counts[`out${table.number}`] ?? 0]));
}

/** Moves losers to where they wait; returns the foreign keys that some of them miss. */
async function bookLosers(round: ApplyRound, one: ActiveTable): Promise<number[]> {
  const { session, work, facts } = round;
  const { table } = one;
  const names = round.names(table);
  const outcomes = await readOutcomes(session, table.scratch.outcome);
  if (outcomes.length === 0) return [];
  await round.openDeferred(one);
  await applyStatement(session, holdSql(table, round.deferred(table)));
  const missing: number[] = [];
  for (const outcome of outcomes) {
    const index = Number(outcome.slice(1));
    const [constraint, columns, reason, finding, of] =
      outcome[0] === 'f' ? orphanBooking(round, index) : duplicateBooking(table, index);
    if (outcome[0] === 'f' && facts.references[index] !== undefined) missing.push(index);
    round.unbook(one, await countClasses(session, unbookLosersSql(table), [...names, constraint, [outcome]]));
    const kind = of(work.classOf(finding));
    const cause = await noteRoundCause(session, names, {
      ...{ class: kind, reason, finding, column: columns, transform: null, sqlstate: null },
      ...{ constraint, findings: [finding] },
    });
    const counts = await countClasses(session, bookLosersSql(table), [...names, [outcome], cause, kind]);
    round.book(one, counts);
  }
  return missing;
}

type Kind = 'quarantined' | 'out_of_scope';
type Booking = [string, string, string, string, (kind: Kind) => Kind];

function duplicateBooking(table: ApplyTable, index: number): Booking {
  const unique = table.uniques[index];
  if (unique === undefined) throw new TypeError(`${table.mapping} has no unique rule ${index}`);
  return [unique.name, unique.columns, 'duplicate', unique.finding, (kind) => kind];
}

function orphanBooking(round: ApplyRound, index: number): Booking {
  const rule = round.facts.references[index];
  if (rule?.orphan == null) throw new TypeError(`no foreign key ${index} of a mapped table`);
  return [rule.name, rule.orphan.columns, 'orphan', rule.orphan.orphan, (kind) => kind];
}

async function bookRefused(
  round: ApplyRound,
  one: ActiveTable,
  refused: ReadonlyMap<string, RowFailure>,
): Promise<void> {
  const bad: QuarantinedRow[] = [];
  for (const { n, k, refs } of await readRefused(round.session, refusedSql(one.table))) {
    const failure = refused.get(`${one.table.number} ${n}`);
    if (failure === undefined || k === null) throw new TypeError('a refused row without a key or a reason');
    bad.push(failedRow({ mapping: one.mapping, classOf: round.work.classOf }, k, failure, refs));
  }
  if (bad.length > 0) await quarantine(round, one, [bad]);
}

/** Says anew why rows wait for a parent, wherever the parents or those who wait may have changed, until nothing moves. */
async function reclassify(round: ApplyRound, lostBy: ReadonlySet<number>): Promise<void> {
  const due = round.facts.references.flatMap((rule, index) => {
    if (rule.child === null || rule.orphan === null) return [];
    const parentMoved = rule.parent !== null && round.active.has(rule.parent);
    if (!lostBy.has(index) && !parentMoved) return [];
    const deferred = round.active.get(rule.child)?.deferred ?? round.waiting.includes(rule.child);
    return deferred ? [{ rule, orphan: rule.orphan, child: rule.child, index }] : [];
  });
  const outside = new Map<number, string | null>();
  for (let moved = due.length > 0, pass = 0; moved && pass < 50; pass++) {
    moved = false;
    for (const { rule, orphan, child, index } of due) {
      const one = await round.activate(child);
      if (!outside.has(index)) outside.set(index, await parentsOutOfScope(round, rule, one.table));
      const names = round.names(one.table);
      const parent = rule.parent === null ? '' : (round.facts.tables[rule.parent]?.mapping ?? '');
      const sql = reclassifySql(rule, round.deferred(one.table), reasonsOf(orphan, round));
      const moves = await countMoves(round.session, sql, [...names, parent, outside.get(index) ?? null]);
      one.outOfScope += moves.toOutOfScope;
      one.quarantined -= moves.toOutOfScope;
      moved ||= moves.changed > 0;
    }
  }
}

function reasonsOf(rule: OrphanRule, { work }: ApplyRound): Parameters<typeof reclassifySql>[2] {
  const of = (quarantined: boolean, outOfScope: boolean): ReturnType<typeof classifyOrphan> =>
    classifyOrphan(rule, { quarantined, outOfScope }, work.classOf);
  return { orphan: of(false, false), quarantined: of(true, false), outOfScope: of(false, true) };
}

/** Refs of the parents out of scope that waiting rows miss, as a JSON array; null when the source cannot tell. */
async function parentsOutOfScope(round: ApplyRound, rule: ReferenceRule, child: ApplyTable): Promise<string | null> {
  if (rule.parent === null) return null;
  const mapping = round.work.run.compiled.mappings[rule.parent];
  if (mapping === undefined || mapping.statements.outOfScopeRefs === '') return null;
  const missed = await readTexts(round.session, missedSql(rule, round.deferred(child)), round.names(child));
  if (missed.length === 0) return null;
  const statement = sourceStatement(round.work.run, mapping, mapping.statements.outOfScopeRefs);
  const refs = await readTexts(round.source(mapping), outOfScopeSql(rule, statement), [[...new Set(missed)]]);
  return `[${refs.join(',')}]`;
}

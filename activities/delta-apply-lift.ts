import type { RowFailure } from '../src/copy/classify-failure';
import {
  anyChildSql,
  countLiftedSql,
  deleteLiftedSql,
  pullChildrenSql,
  returnPulledSql,
  stayPlacesSql,
  unstayChildrenSql,
  unstayNewParentSql,
  unstaySql,
  updateSql,
} from '../src/delta/apply-sql';
import { fail } from '../src/errors/rowproof-error';
import { inSavepoint } from '../src/postgres/queries/copy-savepoint';
import { applyStatement, readCounts, readPlaces } from '../src/postgres/queries/delta-apply';
import { anyRow } from '../src/postgres/queries/settle';
import { qualified } from '../src/sql/quote';
import { Undo, findRefusedPlaces, isUndo } from './delta-refused';
import type { ActiveTable, ApplyRound } from './delta-apply-round';

/**
 * Finds what has to leave the target, for good or for a moment, so that no foreign key ever acts on a row: rows that go or
 * change what rules look at, and transitively the rows that refer to them. Then changes the rest in place.
 */
export async function liftAndUpdate(round: ApplyRound, refused: Map<string, RowFailure>): Promise<void> {
  await closeLift(round);
  for (const one of [...round.active.values()]) {
    if (one.incoming === null) continue;
    if (await updateInPlace(round, one)) continue;
    await unstayRefused(round, one, refused);
    await closeLift(round);
    if (!(await updateInPlace(round, one))) throw keptBack(one);
  }
  for (const one of round.active.values()) {
    await applyStatement(round.session, returnPulledSql(one.table), round.names(one.table));
  }
}

/** Grows the lifted rows until nothing in the target refers to any of them. */
async function closeLift(round: ApplyRound): Promise<void> {
  const { session } = round;
  if (round.facts.references.length === 0) return;
  for (const { rule, child, parent } of round.childrenRules()) {
    if (round.active.get(child.number)?.incoming !== null)
      await applyStatement(session, unstayNewParentSql(rule, child, parent));
  }
  let before = '';
  for (;;) {
    const { counts } = await readCounts(session, countLiftedSql(round.tables));
    const now = JSON.stringify(counts);
    if (now === before || Object.values(counts).every((count) => count === 0)) return;
    before = now;
    for (const rule of round.facts.references) {
      if (rule.parent === null || !((counts[`n${rule.parent}`] ?? 0) > 0)) continue;
      const parent = round.active.get(rule.parent)?.table;
      if (parent === undefined) continue;
      if (rule.child === null) {
        if (!(await anyRow(session, anyChildSql(rule, parent)))) continue;
        throw fail(
          'RP5440',
          `Rows of ${qualified(rule.childRelation)}, which is not part of the plan, refer to rows of ${qualified(parent.target)} that have to go`,
          { where: { object: `${qualified(rule.childRelation)} ${rule.name}` } },
        );
      }
      if (!round.active.has(rule.child)) {
        if (!(await anyRow(session, anyChildSql(rule, parent)))) continue;
        await round.activate(rule.child);
      }
      const child = (round.active.get(rule.child) as ActiveTable).table;
      await applyStatement(session, unstayChildrenSql(rule, child, parent));
      await applyStatement(session, pullChildrenSql(rule, child, parent));
    }
    for (const { rule, child, parent } of round.childrenRules()) {
      if (parent !== null && round.active.get(child.number)?.incoming !== null)
        await applyStatement(session, unstayNewParentSql(rule, child, parent));
    }
  }
}

/** False when the target refused a row; then nothing of it is left. */
async function updateInPlace(round: ApplyRound, one: ActiveTable): Promise<boolean> {
  const sql = updateSql(one.table, round.mark, 'all');
  if (sql === null) return true;
  const tried = await inSavepoint(
    round.session,
    async () => {
      const { counts, xmin } = await readCounts(round.session, sql);
      if (counts['due'] !== counts['done']) throw new Undo();
      return { done: counts['done'] as number, xmin };
    },
    isUndo,
  );
  if ('failed' in tried) return false;
  if (tried.value.done > 0 && tried.value.xmin !== null) round.xids.add(tried.value.xmin);
  round.written += tried.value.done;
  return true;
}

/** Finds the rows that the target refuses to change, in a trial that is undone; they leave the target. */
async function unstayRefused(round: ApplyRound, one: ActiveTable, refused: Map<string, RowFailure>): Promise<void> {
  const { session } = round;
  const { table } = one;
  const places = await readPlaces(session, stayPlacesSql(table));
  const sql = updateSql(table, round.mark, 'some') as string;
  const failures = await findRefusedPlaces({
    session,
    places,
    beat: round.work.beat,
    attempt: async (some) => {
      const { counts } = await readCounts(session, sql, [some]);
      return counts['due'] === counts['done'];
    },
  });
  for (const [place, failure] of failures) refused.set(`${table.number} ${place}`, failure);
  await applyStatement(session, unstaySql(table), [[...failures.keys()]]);
}

/** Takes every lifted row out of the target at once. */
export async function deleteLifted(round: ApplyRound): Promise<void> {
  const tables = round.tables;
  const { counts: lifted } = await readCounts(round.session, countLiftedSql(tables));
  const concerned = tables.filter(({ number }) => (lifted[`n${number}`] ?? 0) > 0);
  if (concerned.length === 0) return;
  const { counts } = await readCounts(round.session, deleteLiftedSql(concerned));
  for (const { number } of concerned) {
    const one = round.active.get(number) as ActiveTable;
    const done = counts[`done${number}`] ?? 0;
    if (done !== counts[`due${number}`]) throw keptBack(one);
    one.migrated -= done;
    round.deleted += done;
  }
}

function keptBack({ table }: ActiveTable): Error {
  const name = qualified(table.target);
  return fail('RP5441', `Rows of ${name} could not be changed or taken away`, { where: { object: name } });
}

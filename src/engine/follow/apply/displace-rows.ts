import type { RowFailure } from '../../../copy/classify-failure';
import {
  anyChildSql,
  changeable,
  countDisplacedSql,
  deleteDisplacedSql,
  pullChildrenSql,
  returnPulledSql,
  inPlaceTargetsSql,
  displaceInPlaceChildrenSql,
  displaceForNewParentSql,
  displaceInPlaceSql,
  updateSql,
} from '../../../delta/apply-sql';
import { fail } from '../../../errors/rowproof-error';
import { inSavepoint } from '../../../postgres/queries/copy/savepoint';
import { applyStatement, readCounts, readPlaces } from '../../../postgres/queries/follow/apply';
import { anyRow } from '../../../postgres/queries/settle/settle';
import { during } from '../../../postgres/refusal';
import { dottedAll, qualified } from '../../../sql/quote';
import { Undo, findRefusedPlaces, isUndo } from '../refused-rows';
import type { ActiveTable, ApplyRound } from './round-state';
import { asApplication } from '../../../postgres/application-path';

/**
 * Finds what has to leave the target, for good or for a moment, so that no foreign key ever acts on a row: rows that go or
 * change what rules look at, and transitively the rows that refer to them. Then changes the rest in place.
 */
export async function displaceAndUpdate(round: ApplyRound, refused: Map<string, RowFailure>): Promise<void> {
  await closeDisplacement(round);
  const arrived = [...round.active.values()].filter(({ incoming, atRest }) => incoming !== null && !atRest);
  if (!(await updateInPlace(round, arrived))) {
    for (const one of arrived) {
      if (await updateInPlace(round, [one])) continue;
      await displaceRefused(round, one, refused);
      await closeDisplacement(round);
      if (!(await updateInPlace(round, [one]))) throw keptBack(one);
    }
  }
  for (const one of round.active.values()) {
    if (one.pulled) await applyStatement(round.session, returnPulledSql(one.table), round.names(one.table));
  }
}

/** Grows the displaced rows until nothing in the target refers to any of them. */
async function closeDisplacement(round: ApplyRound): Promise<void> {
  const { session } = round;
  if (round.facts.references.length === 0) return;
  await displaceInPlace(round, true);
  let before = '';
  for (;;) {
    const { moving } = round;
    if (moving.length === 0) return;
    const { counts } = await readCounts(session, countDisplacedSql(moving));
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
          `Rows of ${qualified(rule.childRelation)}, which is not part of the plan, refer to rows of ${qualified(parent.target)} that must be deleted`,
          { where: { object: `${qualified(rule.childRelation)} ${rule.name}` } },
        );
      }
      if (!round.active.has(rule.child)) {
        if (!(await anyRow(session, anyChildSql(rule, parent)))) continue;
        await round.activate(rule.child);
      }
      const one = round.active.get(rule.child) as ActiveTable;
      const child = one.table;
      const unstayed = displaceInPlaceChildrenSql(rule, child, parent);
      const pulled = pullChildrenSql(rule, child, parent);
      // the last statement says how many
      if ((await applyStatement(session, one.incoming === null ? pulled : `${unstayed}; ${pulled}`)) > 0)
        [one.pulled, one.atRest] = [true, false];
    }
    await displaceInPlace(round, false);
  }
}

/** Rows whose new parent is not in the target, or does not stay there, cannot stay either; `outside`: also of parents outside the plan. */
async function displaceInPlace(round: ApplyRound, outside: boolean): Promise<void> {
  const due = round
    .childrenRules()
    .filter(({ child, parent }) => (outside || parent !== null) && comesIn(round.active.get(child.number)));
  if (due.length === 0) return;
  const statements = due.map(({ rule, child, parent }) => displaceForNewParentSql(rule, child, parent));
  await applyStatement(round.session, statements.join('; '));
}

function comesIn(one: ActiveTable | undefined): boolean {
  return one !== undefined && one.incoming !== null && !one.atRest;
}

/** False when the target refused a row; then nothing of it is left. */
async function updateInPlace(round: ApplyRound, some: readonly ActiveTable[]): Promise<boolean> {
  const tables = changeable(some.map(({ table }) => table));
  if (tables.length === 0) return true;
  const tried = await inSavepoint(
    round.session,
    async () => {
      const { counts, xmin } = await during(`changing rows of ${dottedAll(tables.map(({ target }) => target))}`, () =>
        asApplication(round.session, () => readCounts(round.session, updateSql(tables, round.stamp, 'all'))),
      );
      let all = 0;
      for (const { number } of tables) {
        const done = counts[`done${number}`] ?? NaN;
        if (counts[`due${number}`] !== done) throw new Undo();
        all += done;
      }
      return { done: all, xmin };
    },
    isUndo,
  );
  if ('failed' in tried) return false;
  if (tried.value.done > 0 && tried.value.xmin !== null) round.xids.add(tried.value.xmin);
  round.written += tried.value.done;
  return true;
}

/** Finds the rows that the target refuses to change, in a trial that is undone; they leave the target. */
async function displaceRefused(round: ApplyRound, one: ActiveTable, refused: Map<string, RowFailure>): Promise<void> {
  const { session } = round;
  const { table } = one;
  const places = await readPlaces(session, inPlaceTargetsSql(table));
  const sql = updateSql([table], round.stamp, 'some');
  const failures = await findRefusedPlaces({
    session,
    places,
    heartbeat: round.work.heartbeat,
    attempt: async (some) => {
      const { counts } = await asApplication(session, () => readCounts(session, sql, [some]));
      return counts[`due${table.number}`] === counts[`done${table.number}`];
    },
  });
  for (const [place, failure] of failures) refused.set(`${table.number} ${place}`, failure);
  await applyStatement(session, displaceInPlaceSql(table), [[...failures.keys()]]);
}

/** Takes every displaced row out of the target at once. */
export async function deleteDisplaced(round: ApplyRound): Promise<void> {
  const concerned = round.tables.filter(({ number }) => (round.active.get(number)?.displaced ?? 0) > 0);
  if (concerned.length === 0) return;
  const { counts } = await during(`deleting rows of ${dottedAll(concerned.map(({ target }) => target))}`, () =>
    asApplication(round.session, () => readCounts(round.session, deleteDisplacedSql(concerned))),
  );
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
  return fail('RP5441', `Rows of ${name} could not be changed or deleted`, { where: { object: name } });
}

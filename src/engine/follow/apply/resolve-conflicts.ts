import type { RowFailure } from '../../../copy/classify-failure';
import {
  anySharedSql,
  countOutcomesSql,
  enterSql,
  insertSomeSql,
  insertSql,
  orphansSql,
  placesSql,
  refuseSql,
  reopenSql,
  sharedSql,
  takenSql,
} from '../../../delta/apply-conflict-sql';
import type { ApplyTable } from '../../../delta/apply-table';
import { fail } from '../../../errors/rowproof-error';
import { inSavepoint } from '../../../postgres/queries/copy/savepoint';
import { applyStatement, readCounts, readPlaces } from '../../../postgres/queries/follow/apply';
import { anyRow } from '../../../postgres/queries/settle/settle';
import { during } from '../../../postgres/refusal';
import { dotted, dottedAll, qualified } from '../../../sql/quote';
import { Undo, findRefusedPlaces, isUndo } from '../refused-rows';
import type { ActiveTable, ApplyRound } from './round-state';
import { asApplication } from '../../../postgres/application-path';

/**
 * Lets candidates in until none that is left fits. Losers compete again after every success; where nobody got in, those that
 * another candidate beat compete again without the orphans, so that a row never waits for one that is not there.
 */
export async function resolveAndInsert(round: ApplyRound, refused: Map<string, RowFailure>): Promise<void> {
  const { session } = round;
  for (;;) {
    round.work.heartbeat();
    await evaluate(round);
    const tables = round.wanting.map(({ table }) => table);
    if (tables.length === 0) return;
    const { counts } = await readCounts(session, countOutcomesSql(tables));
    const open = tables.filter(({ number }) => (counts[`open${number}`] ?? 0) > 0);
    const lost = tables.some(({ number }) => (counts[`lost${number}`] ?? 0) > 0);
    if (open.length > 0) {
      if (!(await insertCandidates(round, open))) {
        await findRefused(round, open, refused);
        for (const table of tables) await applyStatement(session, reopenSql(table, 'all'));
        continue;
      }
      if (!lost) return;
      for (const table of tables) await applyStatement(session, reopenSql(table, 'all'));
      continue;
    }
    if (!lost) return;
    let again = 0;
    for (const table of tables) again += await applyStatement(session, reopenSql(table, 'beaten'));
    if (again === 0) return;
  }
}

/** Marks losers among the candidates: orphans first, then key by key what repeats a value, orphans again after each. */
async function evaluate(round: ApplyRound): Promise<void> {
  const { session } = round;
  await resolveOrphans(round);
  for (const { table } of round.wanting) {
    for (const [index, unique] of table.uniques.entries()) {
      // computed from the source key: two rows never share it, and the old row of the same source key was taken away
      if (unique.targetKey && !table.provenance) continue;
      const beaten = async (): Promise<number> => {
        const taken = await applyStatement(session, takenSql(table, unique, `t${index}`));
        if (!(await anyRow(session, anySharedSql(table, unique)))) return taken;
        return taken + (await applyStatement(session, sharedSql(table, unique, `c${index}`)));
      };
      const lost = await during(`looking for rows of ${dotted(table.target)} that break ${unique.name}`, () =>
        unique.plain === null ? asApplication(session, beaten) : beaten(),
      );
      if (lost > 0) await resolveOrphans(round);
    }
  }
}

async function resolveOrphans(round: ApplyRound): Promise<void> {
  const wanting = new Set(round.wanting.map(({ table }) => table.number));
  const rules = round.childrenRules().filter(({ child }) => wanting.has(child.number));
  for (let lost = -1; lost !== 0;) {
    lost = 0;
    for (const { rule, index, child, parent } of rules) {
      lost += await applyStatement(round.session, orphansSql(rule, child, parent, `f${index}`));
    }
  }
}

/** False when the target refused a row; then nothing of it is left. */
async function insertCandidates(round: ApplyRound, tables: readonly ApplyTable[]): Promise<boolean> {
  const { session } = round;
  const tried = await inSavepoint(
    session,
    async () => {
      const written = await during(`inserting rows of ${dottedAll(tables.map(({ target }) => target))}`, () =>
        asApplication(session, () => readCounts(session, insertSql(tables, round.stamp))),
      );
      for (const { number } of tables)
        if (written.counts[`due${number}`] !== written.counts[`done${number}`]) throw new Undo();
      return written;
    },
    isUndo,
  );
  if ('failed' in tried) return false;
  if (tried.value.xmin !== null) round.xids.add(tried.value.xmin);
  for (const table of tables) {
    const done = tried.value.counts[`done${table.number}`] ?? 0;
    (round.active.get(table.number) as ActiveTable).migrated += done;
    round.written += done;
    await applyStatement(session, enterSql(table));
  }
  return true;
}

/**
 * Finds the rows that a trigger, an exclusion constraint or a missing partition refuses, in a trial that is undone. A foreign key
 * speaks only after all of that, and is no reason here.
 */
async function findRefused(
  round: ApplyRound,
  tables: readonly ApplyTable[],
  refused: Map<string, RowFailure>,
): Promise<void> {
  const { session } = round;
  let found = 0;
  for (const table of tables) {
    const places = await readPlaces(session, placesSql(table));
    const failures = await findRefusedPlaces({
      session,
      places,
      // a foreign key speaks only after all of that
      notOurs: '23503',
      heartbeat: round.work.heartbeat,
      attempt: async (some) => {
        const { counts } = await asApplication(session, () => readCounts(session, insertSomeSql(table), [some]));
        return counts['n'] === some.length;
      },
    });
    for (const [place, failure] of failures) refused.set(`${table.number} ${place}`, failure);
    if (failures.size > 0) found += await applyStatement(session, refuseSql(table), [[...failures.keys()]]);
  }
  if (found > 0) return;
  const names = tables.map(({ target }) => qualified(target)).join(', ');
  throw fail('RP5442', `The target refuses rows of ${names} together, but none of them alone`, {
    where: { object: names },
  });
}

import type { RowFailure } from '../src/copy/classify-failure';
import { candidatesSql, returnHeldSql } from '../src/delta/apply-judge-sql';
import { countLiftedSql } from '../src/delta/apply-sql';
import { heldMappings } from '../src/postgres/ledger/held';
import { checkConstraintsAtOnce } from '../src/postgres/queries/copy-transaction';
import { applyStatement, createMark, preferLookups, readCounts } from '../src/postgres/queries/delta-apply';
import { applyFacts } from '../src/postgres/queries/delta-apply-facts';
import { qualified } from '../src/sql/quote';
import { bookRound } from './delta-apply-books';
import { judgeAndInsert } from './delta-apply-judge';
import { deleteLifted, liftAndUpdate } from './delta-apply-lift';
import { ApplyRound } from './delta-apply-round';
import { stageIncoming } from './delta-apply-stage';
import type { Applied, Incoming, RoundWork } from './delta-contract';

/**
 * Applies one round inside the open, fenced target transaction: afterwards target, held rows and quarantine together are
 * what the source as of the round's snapshot becomes, and the rules that hold are upheld. Books and touched keys go along.
 */
export async function applyRound(work: RoundWork, incoming: readonly Incoming[]): Promise<Applied> {
  const { target, run } = work;
  const { mappings } = run.compiled;
  const facts = await applyFacts(target, run.run, mappings, work.rulesOn);
  await checkConstraintsAtOnce(target);
  await preferLookups(target);
  const held = await heldMappings(
    target,
    run.run,
    mappings.map(({ name }) => name),
  );
  const round = new ApplyRound(work, facts, await createMark(target, facts.temporary), new Set(held));
  for (const one of incoming) {
    const active = await round.activate(
      mappings.findIndex(({ name }) => name === one.mapping.name),
      one,
    );
    await stageIncoming(round, active, one);
  }
  const refused = new Map<string, RowFailure>();
  await liftAndUpdate(round, refused);
  const moving = await becomeCandidates(round);
  if (moving) {
    await deleteLifted(round);
    await judgeAndInsert(round, refused);
  }
  await bookRound(round, refused, moving);
  await round.clear();
  return { written: round.written, deleted: round.deleted, quarantined: round.booked, xids: [...round.xids] };
}

/** Rows that want in; where any row moves, those that wait may fit by now too. */
async function becomeCandidates(round: ApplyRound): Promise<boolean> {
  const { session } = round;
  let candidates = 0;
  for (const table of round.tables) candidates += await applyStatement(session, candidatesSql(table));
  const { counts } =
    round.tables.length === 0 ? { counts: {} } : await readCounts(session, countLiftedSql(round.tables));
  if (candidates === 0 && Object.values(counts).every((count) => count === 0)) return false;
  for (const number of round.waiting) {
    const one = await round.activate(number);
    await applyStatement(session, returnHeldSql(one.table, qualified(round.held(one.table))));
    await applyStatement(session, candidatesSql(one.table));
  }
  return true;
}

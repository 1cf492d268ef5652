import type { RowFailure } from '../../../copy/classify-failure';
import { candidatesSql, countMovingSql, returnDeferredSql } from '../../../delta/apply-conflict-sql';
import type { ApplyTable } from '../../../delta/apply-table';
import { deferredMappings } from '../../../postgres/ledger/quarantine/deferred';
import { applyStatement, beginApplying, quarantinedMappings, readCounts } from '../../../postgres/queries/follow/apply';
import { applyFacts } from '../../../postgres/queries/follow/apply-facts';
import { RoundScratch } from '../../../postgres/queries/follow/apply-scratch';
import { during } from '../../../postgres/refusal';
import { dotted, qualified } from '../../../sql/quote';
import { bookRound } from './record-outcomes';
import { resolveAndInsert } from './resolve-conflicts';
import { deleteDisplaced, displaceAndUpdate } from './displace-rows';
import { ApplyRound, type ActiveTable } from './round-state';
import { stageIncoming } from './stage-rows';
import type { Applied, Incoming, RoundWork } from '../round-contract';

/**
 * Applies one round inside the open, fenced target transaction: afterwards target, held rows and quarantine together are
 * what the source as of the round's snapshot becomes, and the rules that hold are upheld. Books and touched keys go along.
 */
export async function applyRound(work: RoundWork, incoming: readonly Incoming[]): Promise<Applied> {
  const { target, run } = work;
  const { mappings } = run.compiled;
  const facts = await applyFacts(target, run.run, mappings, work.rulesOn);
  const names = mappings.map(({ name }) => name);
  const scratch = await RoundScratch.open(target, facts);
  await beginApplying(target);
  const deferred = await deferredMappings(target, run.run, names);
  const quarantined = await quarantinedMappings(target, run.run, names);
  const round = new ApplyRound(work, facts, scratch, new Set(deferred), new Set(quarantined));
  for (const one of incoming) {
    const active = await round.activate(
      mappings.findIndex(({ name }) => name === one.mapping.name),
      one,
    );
    await during(`bringing in changed rows of ${dotted(active.table.target)}`, () => stageIncoming(round, active, one));
    await scratch.analyze([active.table]);
  }
  const refused = new Map<string, RowFailure>();
  await displaceAndUpdate(round, refused);
  const moving = await becomeCandidates(round);
  if (moving) {
    await deleteDisplaced(round);
    await resolveAndInsert(round, refused);
  }
  await bookRound(round, refused, moving);
  await scratch.drop(round.tables);
  return { written: round.written, deleted: round.deleted, quarantined: round.booked, xids: [...round.xids] };
}

/** Rows that want in; where any row moves, those that wait may fit by now too. */
async function becomeCandidates(round: ApplyRound): Promise<boolean> {
  const tables = round.moving;
  if (tables.length === 0 || !(await countMoving(round, tables))) return false;
  const waiting: ApplyTable[] = [];
  for (const number of round.waiting) {
    const { table } = await round.activate(number);
    waiting.push(table);
    (round.active.get(number) as ActiveTable).atRest = false;
    await applyStatement(round.session, returnDeferredSql(table, qualified(round.deferred(table))));
  }
  if (waiting.length > 0) await countMoving(round, waiting);
  return true;
}

/** Names the candidates of these tables; true when there are any, or when rows were displaced. */
async function countMoving(round: ApplyRound, tables: readonly ApplyTable[]): Promise<boolean> {
  await applyStatement(round.session, tables.map(candidatesSql).join('; '));
  await round.scratch.analyze(tables);
  const sql = countMovingSql(tables);
  const { counts } = await readCounts(round.session, sql);
  for (const { number } of tables) {
    const one = round.active.get(number) as ActiveTable;
    one.candidates = counts[`open${number}`] ?? 0;
    one.displaced = counts[`n${number}`] ?? 0;
  }
  return Object.values(counts).some((count) => count > 0);
}

import { copyIn } from '../../../postgres/copy-stream';
import type { QuarantinedRow } from '../../../copy/quarantined-row';
import { isolateBadItems, slices, type Span } from '../../../copy/isolate-bad-items';
import type { RowFailure } from '../../../copy/classify-failure';
import { refsText } from '../../../copy/refs-text';
import { changeAtOnceSql, oldSql, ruledColumns, siblingsSql, stageSql, inPlaceSql } from '../../../delta/apply-sql';
import { forgetDeferredSql, forgetQuarantineSql, touchSql } from '../../../delta/apply-verdict-sql';
import { writeQuarantine } from '../../../postgres/ledger/quarantine/quarantine';
import { tryStatements } from '../../../postgres/queries/copy/savepoint';
import { applyStatement, countClasses, readTexts, tryCounts } from '../../../postgres/queries/follow/apply';
import { readRows } from '../../../postgres/read-rows';
import { columnThatFails, dropStaged, evaluateStaged, readStaged } from '../../../postgres/queries/follow/apply-stage';
import { failedRow } from '../../copy/careful-path';
import type { ActiveTable, ApplyRound } from './round-state';
import type { Incoming } from '../round-contract';
import { serialized } from '../serialize';
import { asApplication } from '../../../postgres/application-path';
import { sourceStatement } from '../../run/source-statement';

const rowsPerStatement = 50_000;

/**
 * Brings what arrived into scratch tables beside the target rows it replaces. What the types or CHECKs of the target refuse goes
 * to quarantine; what was known of the changed keys is forgotten.
 */
export async function stageIncoming(round: ApplyRound, one: ActiveTable, incoming: Incoming): Promise<void> {
  const { session, work } = round;
  const { table } = one;
  const { run } = work.run;
  const { whole } = incoming;
  await copyIn(session, `${table.scratch.dirty} (rowproof_key, rowproof_target)`, dirtyRows(incoming));
  // before settle rows may share a target key that is not injective: none of them can be told from the others in the target
  const siblings = table.provenance && !work.rulesOn && !whole ? await addSiblings(round, one) : [];
  // what only needs the keys goes first: the source reads meanwhile
  const known: string[] = [];
  if (work.rulesOn && !whole) known.push(touchSql(table, { run, round: work.round }));
  if (one.deferred) known.push(forgetDeferredSql(table, round.deferred(table), whole));
  const ruled = work.rulesOn && !whole ? ruledColumns(table, round.facts.references) : null;
  // rows that are changed at once need not be looked up before
  if (!whole && ruled === null) known.push(oldSql(table, run, whole));
  if (known.length > 0) await applyStatement(session, known.join('; '));
  if (round.quarantinedAtFirst.has(table.mapping))
    round.unbook(one, await countClasses(session, forgetQuarantineSql(table, whole), round.names(table)));
  const bad: QuarantinedRow[] = [];
  let atOnce = 0;
  for await (const span of arrivals(round, one, incoming, siblings, ruled === null)) {
    await stageSpan(round, one, span, bad);
    if (ruled !== null) atOnce += await changeAtOnce(round, one, ruled, span);
  }
  await quarantine(round, one, [bad]);
  await quarantine(round, one, incoming.rejected);
  if (ruled !== null && atOnce === incoming.dirty.length) {
    one.atRest = true;
    return;
  }
  const inPlace = inPlaceSql(table, round.facts.references);
  const late = whole || ruled !== null;
  // expressions of unique keys may call functions of the target
  await asApplication(session, () =>
    applyStatement(session, late ? `${oldSql(table, run, whole, atOnce > 0)}; ${inPlace}` : inPlace),
  );
}

async function stageSpan(round: ApplyRound, one: ActiveTable, span: Span, bad: QuarantinedRow[]): Promise<void> {
  const { session, work } = round;
  const evaluated = await asApplication(session, () => evaluateStaged(session, one.table, one.mapping.columns, span));
  for (const { position, column, refusal } of evaluated) {
    const { sqlstate, constraint } = refusal;
    const failure: RowFailure = { sqlstate, constraint, column, side: 'target', altered: sqlstate === null };
    bad.push(await refused(round, one, position, failure));
  }
  const places = evaluated.map(({ position }) => position);
  if (places.length > 0) await dropStaged(session, one.table, places);
  await isolateBadItems<RowFailure>(
    span,
    async (some) => {
      work.heartbeat();
      const tried = await asApplication(session, () =>
        tryStatements(session, stageSql(one.table, some), (text) => session.query(text)),
      );
      return 'failed' in tried ? { ...tried.failed, side: 'target' } : null;
    },
    async (position, failure) => {
      bad.push(await refused(round, one, position, failure));
    },
  );
}

/** How many rows were changed at once: none where the target refuses any of them, which is found out later. */
async function changeAtOnce(
  round: ApplyRound,
  { table }: ActiveTable,
  ruled: readonly string[],
  span: Span,
): Promise<number> {
  const tried = await asApplication(round.session, () =>
    tryCounts(round.session, changeAtOnceSql(table, ruled, round.stamp, span)),
  );
  if ('failed' in tried) return 0;
  const { counts, xmin } = tried.value;
  const done = counts['done'] ?? 0;
  if (done > 0 && xmin !== null) round.xids.add(xmin);
  round.written += done;
  return done;
}

function* dirtyRows({ dirty }: Incoming): Generator<(string | null)[][]> {
  for (const { from, to } of slices(dirty.length, 1_000)) {
    yield dirty.slice(from, to).map(({ sourceKey, targetKey }) => [sourceKey, targetKey]);
  }
}

/** Source keys that share a target key with changed ones change with them. */
async function addSiblings(round: ApplyRound, { table }: ActiveTable): Promise<string[]> {
  const siblings = await readTexts(round.session, siblingsSql(table), round.names(table));
  const rows = siblings.map((key) => [key, null]);
  if (rows.length > 0) await copyIn(round.session, `${table.scratch.dirty} (rowproof_key, rowproof_target)`, [rows]);
  return siblings;
}

/**
 * Brings rows into `raw` and says where they are: `together` in one COPY and then in large spans, else piece by piece, while the
 * source reads the next.
 */
async function* arrivals(
  round: ApplyRound,
  { table, mapping }: ActiveTable,
  incoming: Incoming,
  siblings: readonly string[],
  together: boolean,
): AsyncGenerator<Span> {
  let position = 0;
  const placed = (chunk: readonly (readonly (string | null)[])[]): (string | null)[][] =>
    chunk.map(([key, , ...values]) => [String(position++), key ?? null, ...values]);
  async function* rows(): AsyncGenerator<(string | null)[][]> {
    for await (const chunk of incoming.rows) {
      round.work.heartbeat();
      yield placed(chunk);
    }
    for (const { from, to } of slices(siblings.length, 5_000)) {
      const only = siblings.slice(from, to);
      const statement = sourceStatement(round.work.run, mapping, mapping.statements.expected, { only });
      const source = round.source(mapping);
      yield placed(await serialized(source, () => readRows(source, statement)));
    }
  }
  const fields = table.loaded.map((_, index) => `, c${index}`).join('');
  const into = `${table.scratch.raw} (rowproof_n, rowproof_key${fields})`;
  if (together) {
    yield* slices(await copyIn(round.session, into, rows()), rowsPerStatement);
    return;
  }
  for await (const chunk of rows()) {
    await copyIn(round.session, into, [chunk]);
    yield { from: position - chunk.length, to: position };
  }
}

/** Writes rows that cannot be loaded into quarantine and books them. */
export async function quarantine(
  round: ApplyRound,
  one: ActiveTable,
  rows: AsyncIterable<readonly QuarantinedRow[]> | Iterable<readonly QuarantinedRow[]>,
): Promise<void> {
  const [run, mapping] = round.names(one.table);
  let outOfScope = 0;
  async function* counted(): AsyncGenerator<readonly QuarantinedRow[]> {
    for await (const chunk of rows) {
      outOfScope += chunk.filter((row) => row.class === 'out_of_scope').length;
      yield chunk;
    }
  }
  const some = await nextOf(counted());
  if (some === null) return;
  const written = await writeQuarantine(round.session, { run, mapping, ordinal: null }, some);
  round.book(one, { quarantined: written - outOfScope, outOfScope });
}

/** The same once more; null where nothing comes. */
async function nextOf<T>(items: AsyncGenerator<readonly T[]>): Promise<AsyncIterable<readonly T[]> | null> {
  let first: readonly T[] = [];
  while (first.length === 0) {
    const next = await items.next();
    if (next.done === true) return null;
    first = next.value;
  }
  async function* all(): AsyncGenerator<readonly T[]> {
    yield first;
    yield* items;
  }
  return all();
}

async function refused(
  round: ApplyRound,
  { table, mapping }: ActiveTable,
  position: number,
  failure: RowFailure,
): Promise<QuarantinedRow> {
  const { key, values } = await readStaged(round.session, table, position);
  const failing = (): Promise<string | null> => columnThatFails(round.session, table, position, failure.sqlstate);
  const column = failure.column ?? (await asApplication(round.session, failing));
  const refs = refsText(mapping.referencedColumns, (name) => values[table.loaded.indexOf(name)] ?? null);
  return failedRow({ mapping, classOf: round.work.classOf }, key, { ...failure, column }, refs);
}

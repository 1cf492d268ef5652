import { applyRound } from '../../../src/engine/follow/apply/apply-round';
import type { Applied, Incoming } from '../../../src/engine/follow/round-contract';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { QuarantinedRow } from '../../../src/copy/quarantined-row';
import { deferredTable } from '../../../src/postgres/ledger/quarantine/deferred';
import type { LoadedRun } from '../../../src/postgres/ledger/run/run';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { qualified } from '../../../src/sql/quote';
import type { TestDatabase } from '../../support/postgres/postgres';
import type { TestRun } from '../settle-fixture';

/** A row as the source becomes it: `outcome` says whether it can be loaded, has a reason of its own, or is out of scope. */
export interface SourceRow {
  readonly k: number;
  readonly outcome: 'ok' | 'rejected' | 'out';
  readonly [column: string]: string | number | null;
}

export const sourceKey = (k: number): string => JSON.stringify([String(k)]);
export const text = (value: string | number | null | undefined): string | null =>
  value == null ? null : String(value);

async function* once<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  await Promise.resolve();
  if (items.length > 0) yield items;
}

function rejectedRow(mapping: CompiledMapping, row: SourceRow): QuarantinedRow {
  const finding = `${mapping.name}.w.bad`;
  const refs = Object.fromEntries(mapping.referencedColumns.map((name) => [name, text(row[name])]));
  return {
    sourceKey: sourceKey(row.k),
    class: 'quarantined',
    reason: 'bad',
    finding,
    column: 'w',
    transform: 'cast',
    sqlstate: null,
    constraint: null,
    findings: [finding],
    refs: JSON.stringify(refs),
  };
}

/** What a round brings in for keys of one mapping, given the rows they have by now. */
export function incomingOf(
  mapping: CompiledMapping,
  changed: readonly number[],
  now: readonly SourceRow[],
  options: { before?: readonly SourceRow[]; whole?: boolean } = {},
): Incoming {
  const target = (row: SourceRow): string => JSON.stringify(mapping.targetKey.map(({ name }) => text(row[name])));
  const rows = now.filter((row) => options.whole === true || changed.includes(row.k));
  const ownKey = mapping.targetKey.every(({ name }) => name === 'k');
  return {
    mapping,
    whole: options.whole === true,
    dirty:
      options.whole === true
        ? []
        : changed.map((k) => ({ sourceKey: sourceKey(k), targetKey: ownKey ? sourceKey(k) : null })),
    rows: once(
      rows
        .filter((row) => row.outcome === 'ok')
        .map((row) => [sourceKey(row.k), target(row), ...mapping.columns.map((column) => text(row[column.target]))]),
    ),
    rejected: once(rows.filter((row) => row.outcome === 'rejected').map((row) => rejectedRow(mapping, row))),
  };
}

/** Sessions on both sides that stay open over many rounds. */
export interface Sides {
  readonly loaded: LoadedRun;
  readonly target: Session;
  readonly source: Session;
  close(): Promise<void>;
}

export async function openSides(run: TestRun): Promise<Sides> {
  const target = await run.databases.ledger(run.ref, 'test');
  const loaded = await run.databases.run(run.ref, target);
  const source = await run.databases.source(loaded.compiled, 'legacy', 'test');
  return {
    loaded,
    target,
    source,
    close: async () => {
      await source.close();
      await target.close();
    },
  };
}

/** Applies a round in a transaction of its own, against the source as it is now. */
export function apply(
  { loaded, target, source }: Sides,
  round: number,
  incoming: readonly Incoming[],
  options: { rulesOn?: boolean; outOfScope?: readonly string[] } = {},
): Promise<Applied> {
  return inTransaction(source, 'repeatable read read only', () =>
    inTransaction(target, 'read write', () =>
      applyRound(
        {
          run: loaded,
          target,
          sources: new Map([['legacy', source]]),
          round,
          rulesOn: options.rulesOn ?? true,
          behind: new Set(),
          classOf: (finding) => (options.outOfScope?.includes(finding) ? 'out_of_scope' : 'quarantined'),
          heartbeat: () => undefined,
        },
        incoming,
      ),
    ),
  );
}

/** Rows that wait for a mapping. */
export async function deferredRows(query: Query, run: TestRun, mapping: string): Promise<Record<string, unknown>[]> {
  const table = deferredTable(run.ref.run, mapping);
  const [there] = await query(`select to_regclass('${qualified(table)}') is not null as there`);
  return there?.['there'] === true ? query(`select * from ${qualified(table)} order by rowproof_key`) : [];
}

export type Query = TestDatabase['query'];

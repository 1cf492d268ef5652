import { applyRound } from '../../../activities/delta-apply';
import type { Applied, Incoming } from '../../../activities/delta-contract';
import type { CompiledMapping } from '../../../src/contract/compiled';
import type { QuarantinedRow } from '../../../src/copy/quarantined-row';
import { heldTable } from '../../../src/postgres/ledger/held';
import { inTransaction } from '../../../src/postgres/transaction';
import { qualified } from '../../../src/sql/quote';
import type { TestDatabase } from '../../support/postgres';
import type { TestRun } from '../settle-fixture';

/** A row as the source becomes it: `fate` says whether it can be loaded, has a reason of its own, or is out of scope. */
export interface SourceRow {
  readonly k: number;
  readonly fate: 'ok' | 'rejected' | 'out';
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
        .filter((row) => row.fate === 'ok')
        .map((row) => [sourceKey(row.k), target(row), ...mapping.columns.map((column) => text(row[column.target]))]),
    ),
    rejected: once(rows.filter((row) => row.fate === 'rejected').map((row) => rejectedRow(mapping, row))),
  };
}

/** Applies a round in a transaction of its own, against the sources as they are now. */
export async function apply(
  run: TestRun,
  round: number,
  incoming: readonly Incoming[],
  options: { rulesOn?: boolean; outOfScope?: readonly string[] } = {},
): Promise<Applied> {
  const target = await run.databases.ledger(run.ref, 'test');
  const loaded = await run.databases.run(run.ref, target);
  const source = await run.databases.source(loaded.compiled, 'legacy', 'test');
  try {
    return await inTransaction(source, 'repeatable read read only', () =>
      inTransaction(target, 'read write', () =>
        applyRound(
          {
            run: loaded,
            target,
            sources: new Map([['legacy', source]]),
            round,
            rulesOn: options.rulesOn ?? true,
            classOf: (finding) => (options.outOfScope?.includes(finding) ? 'out_of_scope' : 'quarantined'),
            beat: () => undefined,
          },
          incoming,
        ),
      ),
    );
  } finally {
    await source.close();
    await target.close();
  }
}

/** Source keys (as numbers) that wait for a mapping. */
export async function heldRows(
  database: TestDatabase,
  run: TestRun,
  mapping: string,
): Promise<Record<string, unknown>[]> {
  const table = heldTable(run.ref.run, mapping);
  const [there] = await database.query(`select to_regclass('${qualified(table)}') is not null as there`);
  return there?.['there'] === true ? database.query(`select * from ${qualified(table)} order by rowproof_key`) : [];
}

import { bindStatement } from '../../compile/statements/bind-statement';
import type { CompiledMapping } from '../../contract/compiled';
import { classByDecisions } from '../../copy/decided-findings';
import type { ClassOf } from '../../copy/quarantined-row';
import { copyOut } from '../../postgres/copy-stream';
import { sumAdjustments } from '../../postgres/ledger/quarantine/adjustment';
import { indexQuarantine } from '../../postgres/ledger/quarantine/quarantine-partition';
import { refreshStatistics } from '../../postgres/ledger/run/statistics';
import { readSteps } from '../../postgres/ledger/run/step';
import { dropTable, lockAgainstWriters } from '../../postgres/queries/rollback/rows';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { analyzeTable, uncountedTables } from '../../postgres/queries/schema-change/view';
import { anyRow, readBlocks, scopeTable, storeScope } from '../../postgres/queries/settle/settle';
import type { Session } from '../../postgres/session';
import type { IndexDetail } from '../../rollback/step-detail';
import type { AssignedRow, TargetRow } from '../../settle/assign-source-keys';
import { classifyOrphan, orphanRule, uniqueFinding } from '../../settle/classify';
import { settleOrder, type OwnForeignKey } from '../../settle/settle-order';
import { anyDuplicateSql, anyOrphanSql, duplicatesSql, orphansSql } from '../../settle/violations-sql';
import { dotted, qualified } from '../../sql/quote';
import { SettleReconciliation, type SettleWork } from './settle-reconciliation';
import { enforceChecks, settleChecks, type CheckSettling } from './restore-checks';
import { withSourceKeys } from './source-keys';
import { type TargetWork } from '../target-work';
import { during } from '../../postgres/refusal';
import { asApplication } from '../../postgres/application-path';
import { decisionsOf } from '../run/decisions';
import { mappingOf, type Host } from '../host';
import { flag } from '../../postgres/row';

const blockRows = 20_000;

interface RawRow {
  readonly table: string;
  readonly row: string;
  readonly target_key: string;
  readonly refs: string | null;
}

interface Settling extends SettleWork {
  readonly sourceOf: (mapping: CompiledMapping) => Promise<Session>;
  readonly classOf: ClassOf;
}

/**
 * Takes away what the rules about to come back would refuse: of rows that share a unique key all but the one with the
 * lowest source key, then rows whose parent is not there, until nothing is left to take. Every transaction leaves books,
 * quarantine and target in step, so it may stop and start again anywhere. In a run that follows its sources, `followed` are sessions in
 * the snapshots that the target is aligned with, and what is taken away is held.
 */
export async function settleTarget(
  host: Host,
  work: TargetWork,
  followed: ReadonlyMap<string, Session> | null = null,
): Promise<{ adjusted: number; rounds: number }> {
  const sources = new Map<string, Promise<Session>>();
  const settling: Settling = {
    ...work,
    hold: followed !== null,
    classOf: classByDecisions(await decisionsOf(work.session, work.run)),
    sourceOf: (mapping) => {
      const aligned = followed?.get(mapping.source);
      if (aligned !== undefined) return Promise.resolve(aligned);
      const open = sources.get(mapping.source) ?? host.databases.source(work.run.compiled, mapping.source, 'settle');
      sources.set(mapping.source, open);
      return open;
    },
  };
  try {
    const indexing = { object: 'rowproof.quarantined', onAttempt: work.heartbeat };
    await changeTarget(work.session, work.run.run, indexing, () => indexQuarantine(work.session, work.run.run));
    await countLoaded(work);
    for (const step of await readSteps(work.session, work.run.run, 'index')) {
      if (step.state !== 'done' || !step.detail.unique) continue;
      const { relation, index } = step.detail.root;
      await during(`looking for rows of ${dotted(relation)} that break ${index.name}`, () =>
        settleUnique(settling, step.detail),
      );
    }
    const keys = (await readSteps(work.session, work.run.run, 'foreign_key'))
      .filter((step) => step.state === 'done' && step.detail.enforced)
      .map((step) => step.detail);
    // a row that a CHECK takes may be a parent, and one that a parent takes may be what a CHECK looked at
    for (let round = 1; ; round++) {
      await settleForeignKeys(settling, settleOrder(keys));
      if ((await settleChecks(checking(settling), round)) === 0) break;
    }
    await enforceChecks(settling);
  } finally {
    for (const open of sources.values()) await open.then((session) => session.close()).catch(() => undefined);
  }
  await changeTarget(work.session, work.run.run, { object: 'rowproof' }, () =>
    dropTable(work.session, scopeTable(work.run.run)),
  );
  return sumAdjustments(work.session, work.run.run);
}

/** What was loaded, and the ledger beside it, for plans that do not depend on whether autovacuum came by. */
async function countLoaded(work: TargetWork): Promise<void> {
  for (const table of await uncountedTables(work.session, work.mappings)) {
    const options = { object: qualified(table), onAttempt: work.heartbeat };
    await changeTarget(work.session, work.run.run, options, () => analyzeTable(work.session, table));
  }
}

function checking(work: Settling): CheckSettling {
  return {
    ...work,
    mappingNamed: (name) => mappingOf(work.run, name),
    withSourceKeys: async (mapping, rows) => withSourceKeys(work, await work.sourceOf(mapping), mapping, rows),
  };
}

async function settleUnique(work: Settling, unique: IndexDetail): Promise<void> {
  const { session, run } = work;
  const mapping = mappingOf(work.run, unique.mapping);
  // the expressions of a unique key may call functions of the target
  if (!(await asApplication(session, () => anyRow(session, anyDuplicateSql(unique))))) return;
  await refreshStatistics(session);
  const finding = uniqueFinding(unique, mapping);
  const rule = {
    columns: unique.columns.filter((name) => name !== null).join('+'),
    constraint: unique.root.index.name,
  };
  const doing = `looking for rows of ${dotted(mapping.target)} that break ${unique.root.index.name}`;
  await changeTarget(
    session,
    run.run,
    { object: qualified(mapping.target), doing, onAttempt: work.heartbeat },
    async () => {
      await lockAgainstWriters(session, mapping.target);
      const reconciliation = new SettleReconciliation(work, mapping, {
        mapping: mapping.name,
        kind: 'unique',
        round: 1,
        finding: '',
      });
      for await (const groups of wholeGroups(
        readBlocks<RawRow & { grp: string }>(session, duplicatesSql(unique, mapping), [], blockRows),
      )) {
        work.heartbeat();
        const assigned = await withSourceKeys(work, await work.sourceOf(mapping), mapping, groups.flat().map(toRow));
        const ranks = new Map(assigned.map((row) => [`${row.table} ${row.row}`, row]));
        const losers = groups.flatMap((group) => {
          const rows = group
            .map((raw) => ranks.get(`${raw.table} ${raw.row}`) as AssignedRow)
            .sort((a, b) => a.rank - b.rank);
          return rows.slice(1);
        });
        await reconciliation.take(
          losers.map((row) => ({ row, reason: 'duplicate', finding, class: work.classOf(finding) })),
          rule,
        );
      }
      await reconciliation.close();
    },
  );
}

/** Blocks that never cut a group in two. */
async function* wholeGroups<Row extends { grp: string }>(blocks: AsyncIterable<Row[]>): AsyncGenerator<Row[][]> {
  let open: Row[] = [];
  for await (const block of blocks) {
    const groups: Row[][] = [];
    for (const row of block) {
      if (open.length > 0 && open[0]?.grp !== row.grp) {
        groups.push(open);
        open = [];
      }
      open.push(row);
    }
    if (groups.length > 0) yield groups;
  }
  if (open.length > 0) yield [open];
}

/** Foreign keys again and again, but each only after its parent has lost rows since it was last looked at. */
async function settleForeignKeys(work: Settling, keys: readonly OwnForeignKey[]): Promise<void> {
  const scoped = new Set<string>();
  let due = new Set(keys);
  for (let round = 1; due.size > 0; round++) {
    const next = new Set<OwnForeignKey>();
    for (const key of keys) {
      if (!due.delete(key)) continue;
      const doing = `looking for rows of ${dotted(key.relation)} that break ${key.name}`;
      if ((await during(doing, () => settleForeignKey(work, key, round, scoped))) === 0) continue;
      for (const other of keys)
        if (other.parentMapping === key.mapping) (isLater(keys, other, key) ? due : next).add(other);
    }
    due = next;
  }
}

function isLater(keys: readonly OwnForeignKey[], one: OwnForeignKey, than: OwnForeignKey): boolean {
  return keys.indexOf(one) > keys.indexOf(than);
}

async function settleForeignKey(
  work: Settling,
  key: OwnForeignKey,
  round: number,
  scoped: Set<string>,
): Promise<number> {
  const { session, run } = work;
  if (!(await anyRow(session, anyOrphanSql(key)))) return 0;
  const mapping = mappingOf(work.run, key.mapping);
  const parent = key.parentMapping === null ? null : mappingOf(work.run, key.parentMapping);
  const scope = parent === null ? null : await scopeOf(work, parent, scoped);
  const rule = orphanRule(key, mapping);
  const doing = `looking for rows of ${dotted(mapping.target)} that break ${key.name}`;
  // what settle took away so far may be most of the quarantine
  await refreshStatistics(session);
  return changeTarget(
    session,
    run.run,
    { object: qualified(mapping.target), doing, onAttempt: work.heartbeat },
    async () => {
      await lockAgainstWriters(session, mapping.target);
      const reconciliation = new SettleReconciliation(work, mapping, {
        mapping: mapping.name,
        kind: 'foreign_key',
        round,
        finding: '',
      });
      const sql = orphansSql(key, mapping, scope);
      const blocks = readBlocks<RawRow & { quarantined: string; out_of_scope: string }>(
        session,
        sql,
        [run.run, parent?.name ?? ''],
        blockRows,
      );
      for await (const block of blocks) {
        work.heartbeat();
        const assigned = await withSourceKeys(work, await work.sourceOf(mapping), mapping, block.map(toRow));
        await reconciliation.take(
          assigned.map((row, index) => {
            const raw = block[index] as { quarantined: string; out_of_scope: string };
            return {
              row,
              ...classifyOrphan(
                rule,
                { quarantined: flag(raw, 'quarantined'), outOfScope: flag(raw, 'out_of_scope') },
                work.classOf,
              ),
            };
          }),
          { columns: rule.columns, constraint: key.name },
        );
      }
      return reconciliation.close();
    },
  );
}

/** Table of what the parent's source left out of scope, filled once a settle; null when its statement tells nothing. */
async function scopeOf(work: Settling, parent: CompiledMapping, scoped: Set<string>): Promise<string | null> {
  const statement = parent.statements.outOfScopeRefs;
  if (statement === '') return null;
  const table = scopeTable(work.run.run);
  if (!scoped.has(parent.name)) {
    const source = await work.sourceOf(parent);
    await changeTarget(work.session, work.run.run, { object: qualified(table), onAttempt: work.heartbeat }, () =>
      storeScope(
        work.session,
        table,
        parent.name,
        copyOut(source, bindStatement(statement, { key: parent.key }), work.signal),
      ),
    );
    scoped.add(parent.name);
  }
  return qualified(table);
}

function toRow(raw: RawRow): TargetRow {
  return { table: raw.table, row: raw.row, targetKey: raw.target_key, refs: raw.refs };
}

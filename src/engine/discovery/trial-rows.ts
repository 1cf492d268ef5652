import type { CompiledMapping, CompiledPlan } from '../../contract/compiled';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { asApplication } from '../../postgres/application-path';
import { relayCopy } from '../../postgres/copy-stream';
import { analyzeTemporary } from '../../postgres/queries/discovery/discovery';
import { currentSnapshot } from '../../postgres/queries/copy/transaction';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { readRows } from '../../postgres/read-rows';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { computeAllSql, mayRaise } from '../../profile/raising';
import { createTrialSql, evaluateSql, trialInto, trialTable } from '../../profile/trial-sql';
import { dotted } from '../../sql/quote';
import { sourceStatement } from '../run/source-statement';
import type { SessionScope } from '../session-scope';
import { nothingRaises, rowsThatRaise } from './raising';

/**
 * The transformed rows of the mappings that need them, in temporary tables of the open transaction of `target`: what rules of the target
 * read, and nothing else. All tables of a source are read in one snapshot: a row that came after its parent's table was read would look
 * like an orphan.
 */
export class TrialRows {
  private readonly brought = new Set<number>();

  private constructor(
    private readonly scope: SessionScope,
    private readonly run: LoadedRun,
    readonly target: Session,
    private readonly sources: ReadonlyMap<string, Session>,
  ) {}

  /** Runs `work` inside a snapshot of every source and a transaction of `target`, which leaves nothing behind. */
  static async within<T>(
    scope: SessionScope,
    run: LoadedRun,
    target: Session,
    work: (rows: TrialRows) => Promise<T>,
  ): Promise<T> {
    const sources = new Map<string, Session>();
    for (const name of new Set(run.compiled.mappings.map((mapping) => mapping.source)))
      sources.set(name, await scope.openSource(run, name));
    await target.query('begin');
    const value = await inSnapshots([...sources.values()], () => work(new TrialRows(scope, run, target, sources)));
    await target.query('rollback');
    for (const source of sources.values()) await source.close();
    return value;
  }

  /** Positions of the mappings whose rows are here. */
  get positions(): readonly number[] {
    return [...this.brought].sort((a, b) => a - b);
  }

  /** Whether a statement over one mapping gives no row on its source; false as well where it raises for some row. */
  async givesNone(mapping: CompiledMapping, sql: string): Promise<boolean> {
    const source = this.sources.get(mapping.source) as Session;
    const reading = `reading ${dotted(mapping.from)} for the trial of the target's rules`;
    const answer = await during(reading, () =>
      inSavepoint(source, () => readRows(source, sourceStatement(this.run, mapping, sql))),
    );
    return 'value' in answer && answer.value.length === 0;
  }

  /** Sends the rows of a mapping, once, and marks those whose values the target's types do not take. */
  async bring(position: number): Promise<void> {
    if (this.brought.has(position)) return;
    this.brought.add(position);
    const { run, target, scope } = this;
    const mapping = run.compiled.mappings[position] as CompiledPlan['mappings'][number];
    const source = this.sources.get(mapping.source) as Session;
    await during(`reading ${dotted(mapping.from)} for the trial of the target's rules`, async () => {
      await target.query(createTrialSql(mapping, position));
      const rows = (except: readonly string[]): string =>
        sourceStatement(run, mapping, mapping.statements.trial, { except });
      const raises =
        mayRaise(mapping) && 'failed' in (await inSavepoint(source, () => readRows(source, computeAllSql(rows([])))));
      const { keys } = raises ? await rowsThatRaise(source, target, run, mapping) : nothingRaises;
      await relayCopy({
        source,
        select: rows(keys),
        target,
        into: trialInto(mapping, position),
        format: 'text',
        ...(scope.signal === undefined ? {} : { signal: scope.signal }),
      });
      for (const sql of evaluateSql(mapping, position)) await asApplication(target, () => target.query(sql));
      await analyzeTemporary(target, trialTable(position));
    });
  }
}

/** Work inside a read-only snapshot of each session, all taken before it begins. */
async function inSnapshots<T>(sessions: readonly Session[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = sessions;
  if (first === undefined) return work();
  return inTransaction(first, 'repeatable read read only', async () => {
    await currentSnapshot(first);
    return inSnapshots(rest, work);
  });
}

import { keysListed } from '../../compile/trial/source-trial';
import type { CompiledMapping } from '../../contract/compiled';
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
  /** By position of the mapping: its rows that are here. */
  private readonly brought = new Map<number, 'all' | ReadonlySet<string>>();

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

  /** Positions of the mappings of which rows are here. */
  get positions(): readonly number[] {
    return [...this.brought.keys()].sort((a, b) => a - b);
  }

  /** True when every row of the mapping is here. */
  isWhole(position: number): boolean {
    return this.brought.get(position) === 'all';
  }

  /** The key texts that a statement over one mapping lists on its source; null where there are more, or where some row raises. */
  async listKeys(mapping: CompiledMapping, sql: string, values: readonly string[] = []): Promise<string[] | null> {
    const source = this.sources.get(mapping.source) as Session;
    const answer = await during(reading(mapping), () =>
      inSavepoint(source, () =>
        readRows(source, sourceStatement(this.run, mapping, sql), values.length === 0 ? undefined : values),
      ),
    );
    if (!('value' in answer) || answer.value.length > keysListed) return null;
    return answer.value.map(([key]) => key as string);
  }

  /** Sends rows of a mapping that are not here yet, those of `keys` (null: all), and marks those whose values the target's types do not take. */
  async bring(position: number, keys: readonly string[] | null): Promise<void> {
    const before = this.brought.get(position);
    if (before === 'all') return;
    const mapping = this.run.compiled.mappings[position] as CompiledMapping;
    // which rows raise is found over all of them, and rows out of scope come along each time
    const all = keys === null || mayRaise(mapping) || this.run.options.sample !== undefined;
    const wanted = all ? null : keys.filter((key) => before?.has(key) !== true);
    if (before === undefined) await this.target.query(createTrialSql(mapping, position));
    if (wanted?.length !== 0) await during(reading(mapping), () => this.send(position, mapping, wanted, before));
    this.brought.set(position, wanted === null ? 'all' : new Set([...(before ?? []), ...wanted]));
  }

  private async send(
    position: number,
    mapping: CompiledMapping,
    only: readonly string[] | null,
    before: ReadonlySet<string> | undefined,
  ): Promise<void> {
    const { run, target, scope } = this;
    const source = this.sources.get(mapping.source) as Session;
    const rows = (except: readonly string[]): string =>
      sourceStatement(run, mapping, mapping.statements.trial, only === null ? { except } : { only });
    const raises =
      mayRaise(mapping) && 'failed' in (await inSavepoint(source, () => readRows(source, computeAllSql(rows([])))));
    const { keys: raising } = raises ? await rowsThatRaise(source, target, run, mapping) : nothingRaises;
    await relayCopy({
      source,
      select: rows([...raising, ...(before ?? [])]),
      target,
      into: trialInto(mapping, position),
      format: 'text',
      ...(scope.signal === undefined ? {} : { signal: scope.signal }),
    });
    for (const sql of evaluateSql(mapping, position)) await asApplication(target, () => target.query(sql));
    await analyzeTemporary(target, trialTable(position));
  }
}

function reading({ from }: CompiledMapping): string {
  return `reading ${dotted(from)} for the trial of the target's rules`;
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

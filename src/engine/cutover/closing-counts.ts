import type { CompiledMapping } from '../../contract/compiled';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { readLedgerReconciliation } from '../../postgres/ledger/proof/verdict';
import { countRows, countScope } from '../../postgres/queries/proof/rows';
import { setTimeouts } from '../../postgres/queries/schema-change/settings';
import type { Session } from '../../postgres/session';
import { qualified } from '../../sql/quote';
import { countedProblems } from '../../validate/reconciliation';
import { countsAligned, type AlignedCounts, type Counted } from './aligned-counts';
import type { SourceWorks } from './source-sessions';
import { faulty } from '../fault-injection';
import type { Host } from '../host';
import { sourceStatement } from '../run/source-statement';

/** Tables that are counted at a time, each on both sides at once. */
const maxCounters = 4;

interface Counter {
  readonly target: Session;
  readonly sources: ReadonlyMap<string, Session>;
}

/**
 * Closes the books of every table while nobody writes on either side: full counts on the spot, or, with `cutover.books: aligned`, those of
 * an alignment right before with the keys that came and went since. Its sessions are opened before writers wait.
 */
export class ClosingReconciliation {
  private constructor(
    private readonly host: Host,
    private readonly run: LoadedRun,
    private readonly counters: readonly Counter[],
    private readonly aligned: AlignedCounts | null,
  ) {}

  static async open(host: Host, works: SourceWorks): Promise<ClosingReconciliation> {
    const { run } = works;
    const aligned = run.compiled.plan.settings.cutover.books === 'aligned' ? await countsAligned(host, works) : null;
    const counters: Counter[] = [];
    const books = new ClosingReconciliation(host, run, counters, aligned);
    try {
      const wanted = aligned === null ? Math.min(maxCounters, run.compiled.mappings.length) : 1;
      while (counters.length < wanted) {
        const sources = new Map<string, Session>();
        for (const name of works.relations.keys()) sources.set(name, await works.freshSource(name));
        counters.push({ target: await works.freshLedger(), sources });
      }
      return books;
    } catch (error) {
      await books.end();
      throw error;
    }
  }

  /** One sentence each for what does not balance; ends with the signal, and by itself after `withinMs`. */
  async close(signal: AbortSignal, withinMs: number): Promise<string[]> {
    // without the lock the counts differ, and the cutover would be given up: they are the second guard of the same rows
    if (faulty(this.host, 'books') || faulty(this.host, 'lock')) return [];
    const cut = (): void => {
      for (const session of this.sessions()) session.destroy();
    };
    signal.addEventListener('abort', cut, { once: true });
    try {
      for (const session of this.sessions())
        await setTimeouts(session, { lockMs: Math.ceil(withinMs), statementMs: Math.max(1, Math.ceil(withinMs)) });
      const left = [...this.run.compiled.mappings];
      const problems: string[] = [];
      await Promise.all(
        this.counters.map(async (counter) => {
          for (let mapping = left.shift(); mapping !== undefined; mapping = left.shift())
            problems.push(...(await this.problemsOf(counter, mapping)));
        }),
      );
      return problems;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.sessions().map((session) => session.close().catch(() => session.destroy())));
    await this.aligned?.end();
  }

  private sessions(): Session[] {
    return this.counters.flatMap(({ target, sources }) => [target, ...sources.values()]);
  }

  private async problemsOf({ target, sources }: Counter, mapping: CompiledMapping): Promise<readonly string[]> {
    const { run } = this;
    const source = sources.get(mapping.source) as Session;
    const counted: Counted =
      this.aligned === null
        ? await countBoth(run, mapping, source, target)
        : await this.aligned.now(mapping, source, target);
    return countedProblems({
      mapping: mapping.name,
      ...counted,
      ...(await readLedgerReconciliation(target, run.run, mapping.name)),
    });
  }
}

async function countBoth(run: LoadedRun, mapping: CompiledMapping, source: Session, target: Session): Promise<Counted> {
  const [scope, targetRows] = await Promise.all([
    countScope(source, sourceStatement(run, mapping, mapping.statements.scopeCounts)),
    countRows(target, qualified(mapping.target)),
  ]);
  return { source: scope, targetRows };
}

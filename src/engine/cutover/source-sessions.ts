import type { QualifiedName } from '../../contract/catalog';
import type { RunRef } from '../../contract/run';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { setTimeouts } from '../../postgres/queries/schema-change/settings';
import { frozenState, type Frozen } from './freeze';
import { writeBlockName, relationsBySource } from '../run/relations';
import { type TargetWork } from '../target-work';
import { changedSinceFreeze, type TableChanges } from '../proof/proved-tables';
import { type Host, heartbeatOf } from '../host';
import { lockTimeoutOf } from '../run-settings';
import { withSessions } from '../session-scope';
import type { Breakable } from '../fault-injection';

/** Sessions on the ledger and on every source of a run, for as long as one activity lasts. */
export interface SourceWorks extends Breakable {
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly ledger: Session;
  /** Of the freeze: its triggers, its function and the advisory lock on each source. */
  readonly name: string;
  /** By source name: what is captured there. */
  readonly relations: ReadonlyMap<string, readonly QualifiedName[]>;
  /** One session a source for looking, outside transactions. */
  readonly source: (name: string) => Promise<Session>;
  /** A session of one's own. */
  readonly freshSource: (name: string) => Promise<Session>;
  /** A session on the ledger of one's own, where `ledger` was lost. */
  readonly freshLedger: () => Promise<Session>;
  readonly heartbeat: () => void;
  readonly releaseLimits: { readonly lockMs: number; readonly budgetMs: number };
}

/** Runs work that needs the ledger and the sources; sessions end with it, and at once when the activity is cancelled. */
export function onSources<T>(
  host: Host,
  ref: RunRef,
  purpose: string,
  work: (works: SourceWorks) => Promise<T>,
): Promise<T> {
  return withSessions(host, ref, purpose, async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    await setTimeouts(ledger, { lockMs: lockTimeoutOf(run), statementMs: 0 });
    const { cutover } = run.compiled.plan.settings;
    const looking = new Map<string, Session>();
    return work({
      fault: host.fault ?? null,
      ref,
      run,
      ledger,
      name: writeBlockName(run, 'freeze'),
      relations: relationsBySource(run),
      source: async (name) => {
        const known = looking.get(name);
        if (known !== undefined && !known.closed) return known;
        const opened = await scope.openSource(run, name);
        looking.set(name, opened);
        return opened;
      },
      freshSource: (name) => scope.openSource(run, name),
      freshLedger: () => scope.openLedger(),
      heartbeat: heartbeatOf(host, purpose),
      releaseLimits: { lockMs: cutover.lockTimeoutMs, budgetMs: cutover.lockBudgetMs },
    });
  });
}

/** The freeze on each source. */
export async function frozenSources(works: SourceWorks): Promise<Map<string, Frozen>> {
  const found = new Map<string, Frozen>();
  for (const [name, relations] of works.relations) {
    found.set(name, await frozenState(await works.source(name), works.name, relations));
  }
  return found;
}

/** What changed on the sources since their writers were stopped. */
export async function changedSources(works: SourceWorks): Promise<TableChanges> {
  const changed: string[] = [];
  const noted: string[] = [];
  for (const name of works.relations.keys()) {
    const found = await changedSinceFreeze(works.ledger, works.run, name, await works.source(name));
    changed.push(...found.changed);
    noted.push(...found.noted);
  }
  return { changed, noted };
}

/** The same work as the activities around the copy know it. */
export function asTargetWork(works: SourceWorks, host: Host): TargetWork {
  const { ref, run, ledger, heartbeat } = works;
  return { ref, run, mappings: run.compiled.mappings, session: ledger, heartbeat, signal: host.signal?.() };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { QualifiedName } from '../../contract/catalog';
import type { Writer } from '../../contract/delta';
import { writableTree } from '../../postgres/queries/cutover/freeze-trigger';
import { writingSessions } from '../../postgres/queries/cutover/writers';
import type { Session } from '../../postgres/session';

const looks = 5;
const betweenMs = 50;
const sinceMs = 60_000;

/** Who writes to the sources: several looks, because most transactions are shorter than the time between two. */
export async function writersOf(
  relations: ReadonlyMap<string, readonly QualifiedName[]>,
  openSource: (name: string) => Promise<Session>,
): Promise<Writer[]> {
  const seen = new Map<string, { source: string; application: string; user: string; pids: Set<string> }>();
  for (const [source, captured] of relations) {
    const session = await openSource(source);
    const tables = await writableTree(session, captured);
    for (let look = 0; look < looks; look++) {
      if (look > 0) await sleep(betweenMs);
      for (const { pid, application, user } of await writingSessions(session, tables, sinceMs)) {
        const key = JSON.stringify([source, application, user]);
        const known = seen.get(key) ?? { source, application, user, pids: new Set<string>() };
        seen.set(key, known);
        known.pids.add(pid);
      }
    }
  }
  return [...seen.values()].map(({ pids, ...who }) => ({ ...who, sessions: pids.size }));
}

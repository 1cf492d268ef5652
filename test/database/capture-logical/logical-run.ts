import { Client } from 'pg';
import { pullChanges, type IntakeWork, type Pulled } from '../../../src/engine/capture/logical/pull-changes';
import { slotName } from '../../../src/engine/capture/logical/names';
import { checkCapture } from '../../../src/engine/capture/capture-source';
import { capturedRelations } from '../../../src/capture/captured-relations';
import type { CaptureActivities } from '../../../src/contract/activity-types';
import type { Settings } from '../../../src/contract/resolved-plan';
import { readCursors } from '../../../src/postgres/ledger/follow/cursor';
import type { LoadedRun } from '../../../src/postgres/ledger/run/run';
import { captureName } from '../../../src/postgres/queries/capture/name';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { quietSettings } from '../../support/postgres/quiet-settings';
import { openCopyRun, type CopyRun, type MappingDraft } from '../copy/copy-run';
import { createCaptureActivities } from '../../../activities/capture';

/** A run that captures by a slot, with what tests look at. */
export interface LogicalRun extends CopyRun {
  readonly capture: CaptureActivities;
  readonly loaded: LoadedRun;
  /** Name of publication and slot. */
  readonly slot: string;
  /** Work of a puller on sessions of its own, closed with `end`. */
  intake(): Promise<IntakeWork & { end(): Promise<void> }>;
  /** All there is, by a puller of its own. */
  pull(options?: { uptoLsn?: string | null; chunkKeys?: number; messages?: number }): Promise<Pulled>;
  /** `relation key` of all that is pending, ordered. */
  pending(): Promise<string[]>;
  forget(): Promise<void>;
  /** Why a round would have to stop, and findings. `whole`: relations that it reads whole. */
  check(whole?: readonly number[]): Promise<{ stop: string | null; findings: string[] }>;
  /** A client of the application; closed with the run. */
  application(options?: { user?: string; password?: string }): Promise<Client>;
  lease(lease: 'delta' | 'intake'): Promise<{ state: string; reason: string | null }>;
}

export async function openLogicalRun(draft: {
  readonly source: string;
  readonly target?: string;
  readonly mappings: readonly MappingDraft[];
  readonly settings?: Partial<Settings['capture']>;
}): Promise<LogicalRun> {
  const run = await openCopyRun({
    source: draft.source,
    target: draft.target ?? draft.source,
    mappings: draft.mappings,
    capture: 'logical',
    settings: {
      pattern: 'hybrid',
      capture: { ...quietSettings.capture, lockTimeoutMs: 100, lockBudgetMs: 60_000, ...draft.settings },
    },
  });
  const clients: Client[] = [];
  const host = { databases: run.databases, signal: () => undefined, heartbeat: () => undefined };
  const loaded = await run.databases.run(run.ref);
  const relations = capturedRelations(loaded.compiled);
  const name = captureName(loaded, 'legacy');
  const capture = createCaptureActivities(host);
  const opened = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };
  const intake: LogicalRun['intake'] = async () => {
    const source = await run.databases.source(loaded.compiled, 'legacy', 'pull');
    const target = await run.databases.ledger(run.ref, 'pull');
    const end = async (): Promise<void> => {
      await Promise.all([source.close(), target.close()]);
    };
    return { run: loaded, sourceName: 'legacy', name, source, target, relations, heartbeat: () => undefined, end };
  };
  return {
    ...run,
    capture,
    loaded,
    slot: slotName(loaded, name, 'legacy'),
    intake,
    async pull(options = {}) {
      const work = await intake();
      try {
        return await pullChanges(work, { uptoLsn: null, ...options });
      } finally {
        await work.end();
      }
    },
    async pending() {
      const rows = await run.target.query<{ key: string }>(
        `select relation || ' ' || coalesce(key, 'all') as key from rowproof.pending group by relation, pending.key
         order by relation, pending.key nulls last`,
      );
      return rows.map(({ key }) => key);
    },
    async forget() {
      await run.target.query('delete from rowproof.pending');
    },
    async check(whole = []) {
      const ledger = await run.databases.ledger(run.ref, 'test');
      const [cursor] = await opened(ledger, (session) => readCursors(session, loaded.run));
      return opened(await run.databases.source(loaded.compiled, 'legacy', 'test'), (source) =>
        inTransaction(source, 'repeatable read read only', async () => {
          const { stop, findings } = await checkCapture({}, loaded, 'legacy', source, cursor?.capture ?? {}, whole);
          return { stop, findings: findings.map(({ id }) => id) };
        }),
      );
    },
    async application(options = {}) {
      const url = new URL(run.source.url);
      if (options.user !== undefined) url.username = options.user;
      if (options.password !== undefined) url.password = options.password;
      const client = new Client({ connectionString: url.toString(), application_name: 'shop' });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    async lease(lease) {
      const [row] = await run.target.query<{ state: string; reason: string | null }>(
        'select state, reason from rowproof.apply_lease where lease = $1',
        [lease],
      );
      if (row === undefined) throw new Error('no lease');
      return row;
    },
    async drop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      // a database with a slot cannot be dropped
      await run.source
        .query(
          'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database() and not active',
        )
        .catch(() => undefined);
      await run.drop();
    },
  };
}

/** A mapping that keeps every column as it is. */
export function mappingOf(name: string, columns: readonly string[], more: Partial<MappingDraft> = {}): MappingDraft {
  return { name, columns: columns.map((target) => ({ target })), unmappedSourceColumns: 'warn', ...more };
}

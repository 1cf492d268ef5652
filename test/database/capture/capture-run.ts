import { Client } from 'pg';
import { checkCapture } from '../../../src/engine/capture/capture-source';
import { capturedRelations, type CapturedRelation } from '../../../src/capture/captured-relations';
import type { Settings } from '../../../src/contract/resolved-plan';
import type { CaptureActivities } from '../../../src/contract/activity-types';
import { readCursors, moveCursor } from '../../../src/postgres/ledger/follow/cursor';
import type { LoadedRun } from '../../../src/postgres/ledger/run/run';
import { captureName, changeTable } from '../../../src/postgres/queries/capture/name';
import { changesBetween, truncatedBetween, type Change } from '../../../src/postgres/queries/capture/changes';
import { currentSnapshot } from '../../../src/postgres/queries/copy/transaction';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { quietSettings } from '../../support/postgres/quiet-settings';
import { openCopyRun, type CopyRun, type MappingDraft } from '../copy/copy-run';
import { createCaptureActivities } from '../../../activities/capture';

/** A run that captures by triggers, with what tests look at. */
export interface CaptureRun extends CopyRun {
  readonly capture: CaptureActivities;
  readonly loaded: LoadedRun;
  readonly relations: readonly CapturedRelation[];
  readonly name: string;
  /** The change table, ready for SQL. */
  readonly changes: string;
  /** `relation old>new` of every mark so far, in the order they were written. */
  capturedChanges(): Promise<string[]>;
  /** A client of the application; closed with the run. */
  application(): Promise<Client>;
  onSource<T>(work: (session: Session) => Promise<T>): Promise<T>;
  onLedger<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** What a round would see: changes since the cursor, and what the check says. Moves the cursor unless it stops. */
  round(): Promise<{ capturedChanges: Change[]; stop: string | null; findings: string[] }>;
  /** The same with sessions of a role that may log in and is named on the source. */
  asRole(role: string): Pick<CaptureRun, 'capture' | 'round'>;
}

export async function openCaptureRun(draft: {
  readonly source: string;
  readonly target?: string;
  readonly mappings: readonly MappingDraft[];
  readonly settings?: Partial<Settings['capture']>;
}): Promise<CaptureRun> {
  const run = await openCopyRun({
    source: draft.source,
    target: draft.target ?? draft.source,
    mappings: draft.mappings,
    settings: { capture: { ...quietSettings.capture, lockTimeoutMs: 100, lockBudgetMs: 1_000, ...draft.settings } },
  });
  await run.target.query(
    `update rowproof.run set compiled = (compiled::jsonb || jsonb_build_object('plan', compiled::jsonb -> 'plan' || '{"capture": "triggers", "unmappedSourceTables": "warn"}'))::json`,
  );
  const clients: Client[] = [];
  const host = { databases: run.databases, signal: () => undefined, heartbeat: () => undefined };
  const loaded = await run.databases.run(run.ref);
  const relations = capturedRelations(loaded.compiled);
  const name = captureName(loaded, 'legacy');
  const opened = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  };
  const onSource: CaptureRun['onSource'] = async (work) =>
    opened(await run.databases.source(loaded.compiled, 'legacy', 'test'), work);
  const asRole: CaptureRun['asRole'] = (role) => {
    const url = new URL(run.source.url);
    url.username = role;
    url.password = role;
    const databases = run.databasesAt(url.toString());
    const work: CaptureRun['onSource'] = async (look) =>
      opened(await databases.source(loaded.compiled, 'legacy', 'test'), look);
    return { capture: createCaptureActivities({ ...host, databases }), round: () => roundOf(work) };
  };
  const onLedger: CaptureRun['onLedger'] = async (work) => opened(await run.databases.ledger(run.ref, 'test'), work);
  const roundOf = (onSource: CaptureRun['onSource']): ReturnType<CaptureRun['round']> =>
    onLedger((ledger) =>
      onSource(async (source) => {
        const [cursor] = await readCursors(ledger, loaded.run);
        if (cursor === undefined) throw new Error('no cursor');
        return inTransaction(source, 'repeatable read read only', async () => {
          const now = await currentSnapshot(source);
          const truncated = await truncatedBetween(source, loaded, { source: 'legacy', previous: cursor.snapshot });
          const check = await checkCapture({}, loaded, 'legacy', source, cursor.capture, truncated);
          if (check.stop !== null) return { capturedChanges: [], stop: check.stop, findings: [] };
          const capturedChanges = await changesBetween(source, loaded, {
            source: 'legacy',
            previous: cursor.snapshot,
            limit: 10_000,
          });
          await moveCursor(ledger, loaded.run, 'legacy', cursor.snapshot, now);
          if (check.capture !== null) {
            await ledger.query('update rowproof.cursor set capture = $1::jsonb', [JSON.stringify(check.capture)]);
          }
          return { capturedChanges, stop: null, findings: check.findings.map(({ id }) => id) };
        });
      }),
    );
  return {
    ...run,
    capture: createCaptureActivities(host),
    loaded,
    relations,
    name,
    changes: changeTable(name),
    async capturedChanges() {
      const rows = await run.source.query<{ change: string }>(
        `select relation || ' ' || coalesce(old_key, '-') || '>' || coalesce(new_key, '-') as change from ${changeTable(name)} order by seq`,
      );
      return rows.map(({ change }) => change);
    },
    async application() {
      const client = new Client({ connectionString: run.source.url, application_name: 'shop' });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    onSource,
    onLedger,
    round: () => roundOf(onSource),
    asRole,
    async drop() {
      await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
      await run.drop();
    },
  };
}

/** A mapping that keeps every column as it is. */
export function mappingOf(name: string, columns: readonly string[], more: Partial<MappingDraft> = {}): MappingDraft {
  return { name, columns: columns.map((target) => ({ target })), unmappedSourceColumns: 'warn', ...more };
}

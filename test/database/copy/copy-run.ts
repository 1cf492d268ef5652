import { quietSettings } from '../../support/postgres/quiet-settings';
import { restrictPlan } from '../../../src/compile/restrict-plan';
import { createCopyActivities } from '../../../activities/copy';
import type {
  ColumnPlan,
  DecisionPlan,
  IdPlan,
  MappingPlan,
  ResolvedPlan,
  Settings,
  SpotCheckPlan,
} from '../../../src/contract/resolved-plan';
import type { RunRef } from '../../../src/contract/run';
import { createDatabases, type Databases } from '../../../src/postgres/databases';
import { createRun, type RunOptions } from '../../../src/postgres/ledger/run/run';
import { ensureLedger } from '../../../src/postgres/ledger/run/schema';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { compileForTest } from './compile-for-test';
import type { Host } from '../../../src/engine/host';

export interface ColumnDraft extends Partial<Omit<ColumnPlan, 'target'>> {
  readonly target: string;
}

export interface MappingDraft extends Partial<Omit<MappingPlan, 'columns'>> {
  readonly name: string;
  /** `schema.table` is not parsed: table of schema public unless given in full. */
  readonly columns: readonly ColumnDraft[];
  readonly id?: IdPlan | null;
}

export interface CopyRunDraft {
  readonly source: string;
  readonly target: string;
  readonly mappings: readonly MappingDraft[];
  readonly decisions?: readonly DecisionPlan[];
  readonly spotChecks?: readonly SpotCheckPlan[];
  readonly settings?: Partial<Settings>;
  readonly options?: RunOptions;
  readonly sourceEncoding?: string;
  /** Url of the server that the source lies on, where it is another one than the target's. */
  readonly sourceServer?: string;
  readonly capture?: ResolvedPlan['capture'];
  /** SQL of a second source, `second` in the plan. */
  readonly second?: string;
  /** What the plan says the application's search_path is. */
  readonly searchPath?: readonly string[];
  /** The second source is the database of the first. */
  readonly sharedSource?: boolean;
}

/** Two databases, a ledger and one run in it, and the copy activities over them. */
export interface CopyRun {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly second: TestDatabase | null;
  readonly ref: RunRef;
  readonly databases: Databases;
  /** The same with the source behind another url. */
  databasesAt(sourceUrl: string, targetUrl?: string): Databases;
  readonly activities: ReturnType<typeof createCopyActivities>;
  /** Activities of another worker: own signal, own urls. */
  worker(options?: {
    signal?: AbortSignal;
    sourceUrl?: string;
    targetUrl?: string;
    heartbeat?: Host['heartbeat'];
  }): ReturnType<typeof createCopyActivities>;
  /** Plans and copies every batch of every mapping, one after the other. */
  copyAll(): Promise<void>;
  drop(): Promise<void>;
}

const connection = (name: string) => ({
  url: `\${${name}}`,
  urlFile: null,
  passwordFile: null,
  envPrefix: null,
  tls: { mode: null, caFile: null, certFile: null, keyFile: null },
});

const settings: Settings = {
  ticket: null,
  approvers: {},
  notify: null,
  gates: [],
  onFailure: 'ask',
  batch: { rows: null, bytes: 32 * 1024 * 1024, inFlight: 4 },
  profile: null,
  proof: { sliceRows: 5_000_000, workMem: null, maxSnapshotAgeMs: 600_000 },
  ...quietSettings,
  sequenceMargin: 1000,
  stallAfterMs: 300_000,
  lockTimeoutMs: 200,
  statementTimeoutMs: 60_000,
};

function planOf(draft: CopyRunDraft): ResolvedPlan {
  return {
    version: 1,
    name: 'crm',
    sources: {
      legacy: connection('SOURCE_URL'),
      ...(draft.second === undefined ? {} : { second: connection('SECOND_URL') }),
    },
    target: {
      ...connection('TARGET_URL'),
      ...(draft.searchPath === undefined ? {} : { searchPath: draft.searchPath }),
    },
    capture: draft.capture ?? 'none',
    mappings: draft.mappings.map((mapping) => ({
      target: { schema: 'public', name: mapping.name },
      source: 'legacy',
      from: { schema: 'public', name: mapping.name },
      key: null,
      where: null,
      only: false,
      id: null,
      ignore: [],
      whenNotEmpty: 'refuse',
      onBadRow: 'quarantine',
      maxBadRows: { rows: null, percent: null },
      unmappedSourceColumns: 'ignore',
      rules: {},
      ...mapping,
      columns: mapping.columns.map((column) => ({
        from: column.sql !== undefined || column.constant !== undefined ? [] : [column.target],
        steps: [],
        parentOutOfScope: 'out_of_scope',
        ...column,
      })),
    })),
    decisions: draft.decisions ?? [],
    spotChecks: draft.spotChecks ?? [],
    unmappedSourceTables: 'ignore',
    ignoreSourceTables: [],
    settings: { ...settings, ...draft.settings },
  };
}

export async function openCopyRun(draft: CopyRunDraft): Promise<CopyRun> {
  const databases: TestDatabase[] = [];
  try {
    return await open(draft, (database) => {
      databases.push(database);
      return database;
    });
  } catch (error) {
    await Promise.all(databases.map((database) => database.drop()));
    throw error;
  }
}

async function open(draft: CopyRunDraft, keep: (database: TestDatabase) => TestDatabase): Promise<CopyRun> {
  const source = keep(
    await createDatabase({
      prefix: 'copy_source',
      ...(draft.sourceEncoding ? { encoding: draft.sourceEncoding } : {}),
      ...(draft.sourceServer === undefined ? {} : { server: draft.sourceServer }),
    }),
  );
  const target = keep(await createDatabase({ prefix: 'copy_target' }));
  await source.query(draft.source);
  await target.query(draft.target);
  const second =
    draft.second === undefined
      ? null
      : draft.sharedSource === true
        ? source
        : keep(await createDatabase({ prefix: 'copy_second' }));
  await second?.query(draft.second as string);
  const databasesFor = (sourceUrl: string, targetUrl: string): Databases =>
    createDatabases({
      env: { SOURCE_URL: sourceUrl, TARGET_URL: targetUrl, ...(second === null ? {} : { SECOND_URL: second.url }) },
      plansFolder: null,
      readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
    });
  const databases = databasesFor(source.url, target.url);
  const whole = await compileForTest(planOf(draft), source.url, target.url, second?.url);
  const { compiled } = restrictPlan(whole, draft.options ?? {});
  const ledger = await databases.ledger({ run: 'none', ledger: 'env:TARGET_URL' }, 'test');
  let run: string;
  try {
    await ensureLedger(ledger);
    run = await createRun(ledger, { plan: 'crm', compiled, options: draft.options ?? {} });
  } finally {
    await ledger.close();
  }
  const ref: RunRef = { run, ledger: 'env:TARGET_URL' };
  const worker: CopyRun['worker'] = (options = {}) =>
    createCopyActivities({
      databases: databasesFor(options.sourceUrl ?? source.url, options.targetUrl ?? target.url),
      signal: () => options.signal,
      heartbeat: options.heartbeat ?? (() => undefined),
    });
  const activities = worker();
  return {
    source,
    target,
    second,
    ref,
    databases,
    databasesAt: (sourceUrl, targetUrl = target.url) => databasesFor(sourceUrl, targetUrl),
    activities,
    worker,
    async copyAll() {
      for (const { name } of compiled.mappings) {
        await activities.planBatches({ ref, mapping: name });
        const { ordinals } = await activities.pendingBatches({ ref, mapping: name, limit: 10_000 });
        for (const ordinal of ordinals) await activities.copyBatch({ ref, mapping: name, ordinal });
      }
    },
    async drop() {
      await Promise.all([source.drop(), target.drop(), second === source ? undefined : second?.drop()]);
    },
  };
}

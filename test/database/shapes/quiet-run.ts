import { checkPlan } from '../../../src/engine/run/check-plan';
import { createCopyActivities } from '../../../activities/copy';
import { openRun } from '../../../src/engine/run/open-run';
import { readPlan } from '../../../src/engine/run/read-plan';
import { createValidationActivities } from '../../../activities/proof';
import type { Verdict } from '../../../src/contract/activity-types';
import type { Catalog } from '../../../src/contract/catalog';
import type { RunRef } from '../../../src/contract/run';
import { suggestPlan } from '../../../src/plan/suggest/suggest-plan';
import { readCatalog } from '../../../src/postgres/catalog/read-catalog';
import type { Databases } from '../../../src/postgres/databases';
import { sessionOn } from '../../support/postgres/session';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { openDatabases } from '../../../src/engine/open-databases';
import { createDiscoveryActivities } from '../../../activities/discovery';
import { createFinishActivities } from '../../../activities/finish';
import { createPrepareActivities } from '../../../activities/prepare';
import { createRollbackActivities } from '../../../activities/rollback';

/** A run of a quiet source between two new databases: every phase by its activities, in the order of the workflow. */
export interface QuietRun {
  readonly ref: RunRef;
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly databases: Databases;
  /** Findings by id with their rows. */
  discover(): Promise<Record<string, number>>;
  prepare(): Promise<void>;
  copy(): Promise<void>;
  finish(): Promise<void>;
  prove(): Promise<Verdict>;
  /** Everything up to the verdict. */
  complete(): Promise<Verdict>;
  rollBack(): Promise<{ equal: boolean; differences: readonly string[] }>;
  /** What `check` warns of: code and object. */
  warnings(): Promise<[string, string | undefined][]>;
  /** Rows of a query on the target as text. */
  rows(sql: string): Promise<string[]>;
  drop(): Promise<void>;
}

const head =
  'version: 1\nname: quiet\nsources: { old: { url: "${SOURCE_URL}" } }\ntarget: { url: "${TARGET_URL}" }\ndefaults: { unmapped_source_tables: ignore }\n';

export async function openQuietRun(given: {
  readonly source: string;
  readonly target: string;
  /** Null: the plan that `init` suggests. */
  readonly plan: string | null;
  /** The source is read by a role of its own that has these grants, `ROLE` standing for it. */
  readonly grants?: string;
  /** Without the head above. */
  readonly whole?: boolean;
}): Promise<QuietRun> {
  const source = await createDatabase({ prefix: 'quiet_source' });
  const target = await createDatabase({ prefix: 'quiet_target' });
  const role = `${source.name}_reader`;
  const drop = async (): Promise<void> => {
    await source.drop();
    if (given.grants !== undefined) await target.query(`drop role ${role}`);
    await target.drop();
  };
  try {
    await source.query(given.source);
    await target.query(given.target);
    if (given.grants !== undefined)
      await source.query(`create role ${role} login password 'pw'; ${given.grants.replaceAll('ROLE', role)}`);
    const sourceUrl = given.grants === undefined ? source.url : source.url.replace(/\/\/[^@]*@/, `//${role}:pw@`);
    const env = { SOURCE_URL: sourceUrl, TARGET_URL: target.url };
    const text =
      given.plan === null ? await suggested(env) : given.whole === true ? given.plan : `${head}${given.plan}`;
    const { ref } = await openRun({ name: 'quiet', file: 'quiet.yaml', text }, env, {
      only: null,
      sample: null,
      workflowId: null,
      workflowIsOpen: () => Promise.resolve(false),
    });
    const warnings = async (): Promise<[string, string | undefined][]> => {
      const { problems } = await checkPlan(await readPlan({ name: 'quiet', file: 'quiet.yaml', text }, env), env);
      return problems
        .filter(({ severity }) => severity === 'warning')
        .map(({ problem }) => [problem.code, problem.where?.object]);
    };
    return { ...phases(ref, source, target, openDatabases({ env, plansFolder: null })), warnings, drop };
  } catch (error) {
    await drop();
    throw error;
  }
}

async function suggested(env: { SOURCE_URL: string; TARGET_URL: string }): Promise<string> {
  const catalogAt = async (url: string): Promise<Catalog> => {
    const session = await sessionOn(url);
    try {
      return await readCatalog(session);
    } finally {
      await session.close();
    }
  };
  const source = { url: '${SOURCE_URL}', catalog: await catalogAt(env.SOURCE_URL) };
  const target = { url: '${TARGET_URL}', catalog: await catalogAt(env.TARGET_URL) };
  return suggestPlan({ name: 'quiet', sources: { old: source }, target });
}

function phases(
  ref: RunRef,
  source: TestDatabase,
  target: TestDatabase,
  databases: Databases,
): Omit<QuietRun, 'drop' | 'warnings'> {
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  const discovery = createDiscoveryActivities(host);
  const fingerprint = createDiscoveryActivities(host);
  const preparation = createPrepareActivities(host);
  const copying = createCopyActivities(host);
  const finishing = createFinishActivities(host);
  const validation = createValidationActivities({ ...host, plansFolder: null });
  const undoing = createRollbackActivities(host);
  const mappings = async (): Promise<string[]> => {
    const session = await databases.ledger(ref, 'test');
    const { compiled } = await databases.run(ref, session);
    await session.close();
    return compiled.mappings.map(({ name }) => name);
  };
  const run = {
    discover: async () => {
      await discovery.recordCatalogs(ref);
      for (const name of await mappings()) await discovery.profileMapping(ref, name);
      await discovery.tryTargetRules(ref);
      const findings = await target.query<{ id: string; rows: string }>(
        'select id, rows::text from rowproof.finding order by id',
      );
      return Object.fromEntries(findings.map(({ id, rows }) => [id, Number(rows)]));
    },
    prepare: async () => {
      await fingerprint.fingerprintTarget(ref, 'before');
      await preparation.prepareTarget(ref);
    },
    copy: async () => {
      for (const name of await mappings()) {
        await copying.planBatches(ref, name);
        const { ordinals } = await copying.pendingBatches(ref, name, 10_000);
        for (const ordinal of ordinals) await copying.copyBatch(ref, name, ordinal);
      }
    },
    finish: async () => {
      await finishing.settle(ref);
      await finishing.rebuildIndexes(ref);
      await finishing.rebuildForeignKeys(ref);
      await finishing.restoreTriggers(ref);
      await finishing.advanceSequences(ref);
      await finishing.analyzeAndRefresh(ref);
      await finishing.writeIdMap(ref);
    },
    prove: async () => {
      for (const name of await mappings()) await validation.proveMapping(ref, name);
      await validation.proveReferences(ref);
      await validation.checkRules(ref);
      await validation.runSpotChecks(ref);
      return validation.reconcile(ref);
    },
  };
  return {
    ref,
    source,
    target,
    databases,
    ...run,
    complete: async () => {
      await run.discover();
      await run.prepare();
      await run.copy();
      await run.finish();
      return run.prove();
    },
    rollBack: async () => {
      await undoing.revokeLeases(ref);
      for (const step of await undoing.openSteps(ref)) await undoing.compensate(ref, step.ordinal);
      return undoing.proveRollback(ref);
    },
    rows: async (sql) => {
      const [row] = await target.query<{ rows: string[] | null }>(
        `select array_agg(t::text order by t::text) as rows from (${sql}) t`,
      );
      return row?.rows ?? [];
    },
  };
}

import { checkPlan } from '../../../src/engine/run/check-plan';
import { openDatabases } from '../../../src/engine/open-databases';
import { openRun } from '../../../src/engine/run/open-run';
import { readPlan } from '../../../src/engine/run/read-plan';
import type { Catalog } from '../../../src/contract/catalog';
import type { RunRef } from '../../../src/contract/run';
import { suggestPlan } from '../../../src/plan/suggest/suggest-plan';
import { readCatalog } from '../../../src/postgres/catalog/read-catalog';
import type { Databases } from '../../../src/postgres/databases';
import { sessionOn } from '../../support/postgres/session';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { phasesOf, type Phases } from '../phases';

/** A run of a quiet source between two new databases, opened from the text of a plan, with all its phases. */
export interface QuietRun extends Phases {
  readonly ref: RunRef;
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly databases: Databases;
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
    const rows = async (sql: string): Promise<string[]> => {
      const [row] = await target.query<{ rows: string[] | null }>(
        `select array_agg(t::text order by t::text) as rows from (${sql}) t`,
      );
      return row?.rows ?? [];
    };
    const run = { ref, source, target, databases: openDatabases({ env, plansFolder: null }) };
    return { ...run, ...phasesOf(run), warnings, rows, drop };
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

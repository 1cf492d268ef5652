import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Catalog } from '../src/contract/catalog';
import type { CompiledPlan } from '../src/contract/compiled';
import type { ConnectionSpec, ResolvedPlan } from '../src/contract/resolved-plan';
import type { RunRef } from '../src/contract/run';
import { engineVersion } from '../src/contract/version';
import { compilePlan } from '../src/compile/compile-plan';
import { restrictPlan } from '../src/compile/restrict-plan';
import { RowproofError, fail, type Problem, type Where } from '../src/errors/rowproof-error';
import { connectionsOf } from '../src/plan/connections';
import { parsePlan } from '../src/plan/parse-plan';
import { planDigest } from '../src/plan/plan-digest';
import { resolvePlan } from '../src/plan/resolve-plan';
import { readCatalog } from '../src/postgres/catalog/read-catalog';
import { resolveConnection } from '../src/postgres/connection-spec';
import { createRun, latestRun, loadRun, type LoadedRun } from '../src/postgres/ledger/run';
import { ensureLedger } from '../src/postgres/ledger/schema';
import { openSession, type Session } from '../src/postgres/session';
import type { PlanFile } from './plans-folder';

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

export interface Catalogs {
  readonly sources: Readonly<Record<string, Catalog>>;
  readonly target: Catalog;
}

/** A plan read against its live databases: everything `check`, `plan`, `preview` and `run` start from. */
export interface ReadPlan {
  readonly plan: ResolvedPlan;
  readonly catalogs: Catalogs;
  readonly digest: { readonly digest: string; readonly code: string };
  /** Position of a plan path, for problems found later. */
  readonly locate: (path: readonly (string | number)[]) => Where;
}

/** Parses, connects to every database, reads the catalogs, resolves. Raises all problems at once. */
export async function readPlan(file: PlanFile, env: NodeJS.ProcessEnv): Promise<ReadPlan> {
  const parsed = parsePlan(file.text, file.file);
  if (parsed.plan === null) throw new RowproofError(parsed.problems);
  const connections = connectionsOf(parsed.plan);
  const names = Object.keys(connections.sources);
  const [target, ...sources] = await Promise.all([
    catalogOf(connections.target, 'target', env),
    ...names.map((name) => catalogOf(connections.sources[name] as ConnectionSpec, name, env)),
  ]);
  const catalogs: Catalogs = {
    target: target as Catalog,
    sources: Object.fromEntries(names.map((name, at) => [name, sources[at] as Catalog])),
  };
  const resolved = resolvePlan(parsed.plan, catalogs, parsed.locate);
  if (resolved.plan === null) throw new RowproofError([...parsed.problems, ...resolved.problems]);
  const locate = (path: readonly (string | number)[]): Where => ({ ...parsed.locate([...path]), file: file.file });
  return { plan: resolved.plan, catalogs, digest: planDigest(resolved.plan, engineVersion, sha256), locate };
}

async function catalogOf(spec: ConnectionSpec, name: string, env: NodeJS.ProcessEnv): Promise<Catalog> {
  return withSession(spec, env, `catalog of ${name}`, readCatalog);
}

export async function withSession<T>(
  spec: ConnectionSpec,
  env: NodeJS.ProcessEnv,
  purpose: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(await resolveConnection(spec, env), { applicationName: `rowproof ${purpose}` });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export function compile(read: ReadPlan): {
  compiled: CompiledPlan | null;
  problems: readonly { problem: Problem; severity: 'error' | 'warning' }[];
} {
  return compilePlan(read.plan, read.catalogs, engineVersion, { sha256 }, read.digest, read.locate);
}

/** How a run names its ledger: the environment variable that holds the target's url, else the plan. */
export function ledgerOf(target: ConnectionSpec, plan: string): string {
  const { url, urlFile, passwordFile, tls } = target;
  const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(url ?? '');
  const urlAlone = urlFile === null && passwordFile === null && Object.values(tls).every((value) => value === null);
  return variable && urlAlone ? `env:${variable[1]}` : `plan:${plan}`;
}

export interface OpenRunOptions {
  readonly only: readonly string[] | null;
  readonly sample: number | null;
  /** Workflow that asks; a run driven by another open workflow is refused. */
  readonly workflowId: string | null;
  readonly workflowIsOpen: (workflowId: string) => Promise<boolean>;
}

export interface OpenRunResult {
  readonly ref: RunRef;
  readonly plan: string;
  readonly code: string;
  readonly resumed: boolean;
}

/**
 * Finds the unfinished run of a plan or creates one. The ledger decides: an unfinished run of the same digest goes on,
 * one of another digest is refused (RP4203), one that is driven by an open workflow too (RP4202).
 */
export async function openRun(file: PlanFile, env: NodeJS.ProcessEnv, options: OpenRunOptions): Promise<OpenRunResult> {
  const read = await readPlan(file, env);
  const ledger = ledgerOf(read.plan.target, read.plan.name);
  return withSession(read.plan.target, env, 'open run', async (session) => {
    await ensureLedger(session);
    const unfinished = await unfinishedRun(session, read.plan.name);
    if (unfinished !== null) {
      await refuseWhenDriven(unfinished, options);
      if (unfinished.compiled.digest !== read.digest.digest) {
        throw fail(
          'RP4203',
          `${unfinished.run} was started with plan code ${unfinished.compiled.code}; the plan file now has ${read.digest.code}.`,
        );
      }
      if (!isDeepStrictEqual(unfinished.options, runOptions(options))) {
        throw fail('RP4203', `${unfinished.run} was started with other --only or --sample options and is unfinished.`);
      }
      return {
        ref: { run: unfinished.run, ledger },
        plan: unfinished.plan,
        code: unfinished.compiled.code,
        resumed: true,
      };
    }
    const { compiled, problems } = compile(read);
    const errors = problems.filter(({ severity }) => severity === 'error').map(({ problem }) => problem);
    if (compiled === null || errors.length > 0) throw new RowproofError(errors);
    const run = await createRun(session, {
      plan: read.plan.name,
      compiled: restricted(compiled, options),
      options: runOptions(options),
    });
    return { ref: { run, ledger }, plan: read.plan.name, code: read.digest.code, resumed: false };
  });
}

/** An unfinished run goes on with what it compiled at its start, whatever the plan file says now. */
export async function resumeRun(
  file: PlanFile,
  env: NodeJS.ProcessEnv,
  run: string,
  workflowIsOpen: (workflowId: string) => Promise<boolean>,
): Promise<OpenRunResult> {
  const parsed = parsePlan(file.text, file.file);
  if (parsed.plan === null) throw new RowproofError(parsed.problems);
  const { target } = connectionsOf(parsed.plan);
  return withSession(target, env, 'resume run', async (session) => {
    const found = await loadRun(session, run);
    if (isFinished(found)) throw fail('RP4208', `${run} is ${found.outcome} and takes no further work.`);
    await refuseWhenDriven(found, { workflowId: null, workflowIsOpen });
    return {
      ref: { run, ledger: ledgerOf(target, found.plan) },
      plan: found.plan,
      code: found.compiled.code,
      resumed: true,
    };
  });
}

/** The latest run of a plan that was neither completed, checked nor rolled back. */
async function unfinishedRun(session: Session, plan: string): Promise<LoadedRun | null> {
  const latest = await latestRun(session, plan);
  if (latest === null) return null;
  const run = await loadRun(session, latest);
  return isFinished(run) ? null : run;
}

export function isFinished(run: Pick<LoadedRun, 'outcome'>): boolean {
  return run.outcome === 'complete' || run.outcome === 'checked' || run.outcome === 'rolled_back';
}

async function refuseWhenDriven(
  run: LoadedRun,
  options: Pick<OpenRunOptions, 'workflowId' | 'workflowIsOpen'>,
): Promise<void> {
  if (run.workflowId === null || run.workflowId === options.workflowId) return;
  if (await options.workflowIsOpen(run.workflowId)) {
    throw fail('RP4202', `${run.run} of plan ${run.plan} is running already, as workflow ${run.workflowId}.`);
  }
}

/** What `--only` and `--sample` leave of a plan; parents of the named tables come along. RP4207 for a name that is no table of the plan. */
function restricted(compiled: CompiledPlan, options: Pick<OpenRunOptions, 'only' | 'sample'>): CompiledPlan {
  const only = options.only?.map((name) => mappingNamed(compiled, name));
  return restrictPlan(compiled, { ...(only === undefined ? {} : { only }), ...(options.sample === null ? {} : { sample: options.sample }) }).compiled;
}

function mappingNamed(compiled: CompiledPlan, name: string): string {
  const found = compiled.mappings.find((mapping) => mapping.name === name || `${mapping.target.schema}.${mapping.target.name}` === name);
  if (found !== undefined) return found.name;
  const known = compiled.mappings.map((mapping) => mapping.name).join(', ');
  throw fail('RP4207', `The plan has no table ${name}.`, { fix: `Name one of ${known}.` });
}

function runOptions(options: Pick<OpenRunOptions, 'only' | 'sample'>): { only?: string[]; sample?: number } {
  return { ...(options.only === null ? {} : { only: [...options.only].sort() }), ...(options.sample === null ? {} : { sample: options.sample }) };
}

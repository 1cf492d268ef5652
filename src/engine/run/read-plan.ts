import { createHash } from 'node:crypto';
import type { Catalog } from '../../contract/catalog';
import { compiledFormat, type CompiledPlan } from '../../contract/compiled';
import type { ConnectionSpec, ResolvedPlan } from '../../contract/resolved-plan';
import { engineVersion } from '../../contract/version';
import { compilePlan } from '../../compile/compile-plan';
import { locateMappings } from '../../compile/problem-list';
import { RowproofError, type Problem, type Where } from '../../errors/rowproof-error';
import { connectionsOf } from '../../plan/resolve/connections';
import { parsePlan } from '../../plan/parse-plan';
import { planDigest } from '../../plan/plan-digest';
import { resolvePlan } from '../../plan/resolve/resolve-plan';
import { readCatalog } from '../../postgres/catalog/read-catalog';
import { resolveConnection } from '../../postgres/connection-spec';
import { during, type SessionRole } from '../../postgres/refusal';
import { openSession, type Session } from '../../postgres/session';
import type { PlanFile } from '../plans-folder';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

interface Catalogs {
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
    catalogOf(connections.target, { side: 'target', name: null }, env),
    ...names.map((name) => catalogOf(connections.sources[name] as ConnectionSpec, { side: 'source', name }, env)),
  ]);
  const catalogs: Catalogs = {
    target: target as Catalog,
    sources: Object.fromEntries(names.map((name, at) => [name, sources[at] as Catalog])),
  };
  const resolved = resolvePlan(parsed.plan, catalogs, parsed.locate);
  if (resolved.plan === null) throw new RowproofError([...parsed.problems, ...resolved.problems]);
  const locate = locateMappings(resolved.plan, resolved.paths, (path) => parsed.locate([...path]));
  return { plan: resolved.plan, catalogs, digest: planDigest(resolved.plan, String(compiledFormat), sha256), locate };
}

async function catalogOf(
  spec: ConnectionSpec,
  of: Pick<SessionRole, 'side' | 'name'>,
  env: NodeJS.ProcessEnv,
): Promise<Catalog> {
  const { side } = of;
  const purpose = `catalog of ${side === 'target' ? 'target' : of.name}`;
  return withSession(spec, env, purpose, (session) => during('reading the catalog', () => readCatalog(session)), of);
}

export async function withSession<T>(
  spec: ConnectionSpec,
  env: NodeJS.ProcessEnv,
  purpose: string,
  work: (session: Session) => Promise<T>,
  of?: Pick<SessionRole, 'side' | 'name'>,
): Promise<T> {
  const session = await openSession(await resolveConnection(spec, env), {
    applicationName: `rowproof ${purpose}`,
    ...(of === undefined ? {} : { role: { ...of, purpose } }),
  });
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

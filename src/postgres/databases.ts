import type { CompiledPlan } from '../contract/compiled';
import type { ConnectionSpec } from '../contract/resolved-plan';
import type { RunRef } from '../contract/run';
import { fail } from '../errors/rowproof-error';
import { resolveConnection } from './connection-spec';
import { writeAs } from './queries/cutover/freeze-trigger';
import type { LoadedRun } from './ledger/run/run';
import { loadRun, loadRunSummary } from './ledger/run/run';
import type { Session } from './session';
import type { SessionRole } from './refusal';
import { openSession } from './session';

/** How activities reach databases: by name, resolved again at each connect. Whoever opens a session closes it. */
export interface Databases {
  /** A session on the target, where the ledger is. */
  ledger(ref: RunRef, purpose: string): Promise<Session>;
  /** A session on a source of the plan, by its name there. */
  source(compiled: CompiledPlan, source: string, purpose: string): Promise<Session>;
  /** The run. What was compiled is kept in memory; phase, outcome and the like are as of this call. */
  run(ref: RunRef, session?: Session): Promise<LoadedRun>;
  /** What this process last knew of the run, without asking anybody; null when it never loaded it, or long ago. */
  known(ref: RunRef): LoadedRun | null;
}

const keptRuns = 16;
const defaultLockTimeoutMs = 60_000;

export function createDatabases(options: {
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the worker's plans; null when it has none. */
  readonly plansFolder: string | null;
  /** Target connection of the plan of that name in the plans folder. */
  readonly readPlanTarget: (plan: string) => Promise<ConnectionSpec>;
}): Databases {
  const { env, plansFolder, readPlanTarget } = options;
  const kept = new Map<string, LoadedRun>();

  const targetSpec = async (ledger: string): Promise<ConnectionSpec> => {
    if (ledger.startsWith('env:')) return environmentUrl(ledger.slice(4));
    if (ledger.startsWith('plan:') && plansFolder !== null) return readPlanTarget(ledger.slice(5));
    throw fail(
      'RP4006',
      ledger.startsWith('plan:')
        ? 'This worker has no plans folder'
        : 'The reference to the ledger is not env:NAME or plan:NAME',
    );
  };

  const open = async (
    spec: ConnectionSpec,
    owner: string,
    role: SessionRole,
    lockTimeoutMs: number,
  ): Promise<Session> =>
    openSession(await resolveConnection(spec, env), {
      applicationName: `rowproof ${owner} ${role.purpose}`,
      role,
      lockTimeoutMs,
    });

  const ledger = async (ref: RunRef, purpose: string): Promise<Session> => {
    const settings = kept.get(keyOf(ref))?.compiled.plan.settings;
    const session = await open(
      await targetSpec(ref.ledger),
      ref.run,
      { side: 'target', name: null, purpose },
      settings?.lockTimeoutMs ?? defaultLockTimeoutMs,
    );
    try {
      await writeAs(session, ref.run);
      statePath(session, kept.get(keyOf(ref)));
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  };

  const refresh = async (ref: RunRef, session: Session): Promise<LoadedRun> => {
    const key = keyOf(ref);
    const known = kept.get(key);
    if (known !== undefined) {
      const now = await loadRunSummary(session, ref.run);
      // a finished ledger that was made anew numbers its runs from 1 again
      if (now.openedAt === known.openedAt && now.digest === known.digest) {
        statePath(session, known);
        return { ...known, ...now };
      }
    }
    const loaded = await loadRun(session, ref.run);
    statePath(session, loaded);
    kept.delete(key);
    kept.set(key, loaded);
    for (const oldest of kept.keys()) if (kept.size > keptRuns) kept.delete(oldest);
    return loaded;
  };

  return {
    ledger,
    async source(compiled, source, purpose) {
      const spec = compiled.plan.sources[source];
      if (spec === undefined) throw fail('RP4022', `The plan of this run has no source ${source}`);
      const role: SessionRole = { side: 'source', name: source, purpose };
      return open(spec, compiled.plan.name, role, compiled.plan.settings.lockTimeoutMs);
    },
    async run(ref, session) {
      if (session !== undefined) return refresh(ref, session);
      const own = await ledger(ref, 'run');
      try {
        return await refresh(ref, own);
      } finally {
        await own.close();
      }
    },
    known: (ref) => kept.get(keyOf(ref)) ?? null,
  };
}

/** The plan of the run may know the application's search_path better than role and database of the connection. */
function statePath(session: Session, run: LoadedRun | undefined): void {
  const stated = run?.compiled.plan.target.searchPath ?? null;
  if (stated !== null) session.useApplicationPath(stated);
}

function keyOf(ref: RunRef): string {
  return JSON.stringify([ref.ledger, ref.run]);
}

function environmentUrl(name: string): ConnectionSpec {
  return {
    url: `\${${name}}`,
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
}

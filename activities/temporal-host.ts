import { Context } from '@temporalio/activity';
import type { CompiledMapping } from '../src/contract/compiled';
import { fail } from '../src/errors/rowproof-error';
import type { Databases } from '../src/postgres/databases';
import type { LoadedRun } from '../src/postgres/ledger/run/run';
import type { Session } from '../src/postgres/session';

/** What activities get from outside: databases by name, and heartbeat and cancellation of the activity that is calling. */
export interface ActivityHost {
  readonly databases: Databases;
  readonly signal: () => AbortSignal | undefined;
  readonly heartbeat: (details: Readonly<Record<string, string | number>>) => void;
}

/** The host of a worker: signal and heartbeat are those of the running activity. */
export function temporalHost(databases: Databases): ActivityHost {
  return {
    databases,
    signal: () => Context.current().cancellationSignal,
    heartbeat: (details) => Context.current().heartbeat(details),
  };
}

const heartbeatMs = 5_000;

/** Heartbeats by time while `work` runs, and cuts the sessions it registers when the activity is cancelled. */
export async function whileBeating<T>(
  host: ActivityHost,
  purpose: string,
  work: (keep: <S extends Session>(session: S) => S) => Promise<T>,
): Promise<T> {
  const signal = host.signal();
  const heartbeat = host.heartbeat;
  signal?.throwIfAborted();
  const sessions: Session[] = [];
  const cut = (): void => sessions.forEach((session) => session.destroy());
  signal?.addEventListener('abort', cut, { once: true });
  const timer = setInterval(() => heartbeat({ purpose }), heartbeatMs);
  try {
    return await work((session) => {
      sessions.push(session);
      return session;
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', cut);
    await Promise.all(sessions.filter((session) => !session.closed).map((session) => session.close()));
  }
}

/** The mapping of a run by name. */
export function mappingOf(run: LoadedRun, name: string): CompiledMapping {
  const mapping = run.compiled.mappings.find((one) => one.name === name);
  if (mapping === undefined) throw fail('RP4001', `${run.run} has no table ${name}.`);
  return mapping;
}

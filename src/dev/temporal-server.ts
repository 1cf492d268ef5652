import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../errors/rowproof-error';
import { prepareNamespaceAt } from '../worker/prepare-namespace';
import { isAlive, startServer, stopServer, waitUntil } from './server-process';
import type { ProcessRecord } from './server-process';

export const localNamespace = 'default';

export function temporalFiles(folder: string): { readonly database: string; readonly log: string } {
  return { database: join(folder, 'temporal.db'), log: join(folder, 'server.log') };
}

export interface TemporalPorts {
  readonly port: number;
  readonly uiPort: number;
}

/**
 * Starts the development server on its database file and waits until its namespace is ready for us. `spawned` hears
 * of the process first: two servers on one database file would damage it, so it is recorded before anything can fail.
 * `settings` are dynamic configuration.
 */
export async function startTemporalServer(
  program: string,
  folder: string,
  ports: TemporalPorts,
  spawned: (server: ProcessRecord) => void = () => undefined,
  settings: Readonly<Record<string, string | number | boolean>> = {},
): Promise<ProcessRecord> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = temporalFiles(folder);
  const started = startServer(
    program,
    [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(ports.port), '--ui-port', String(ports.uiPort)],
      ...['--db-filename', files.database, '--log-level', 'warn', '--disable-config-file', '--disable-config-env'],
      ...Object.entries(settings).flatMap(([name, value]) => [
        '--dynamic-config-value',
        `${name}=${JSON.stringify(value)}`,
      ]),
    ],
    { log: files.log, cwd: folder, owner: null, env: temporalEnvironment() },
  );
  const server = { pid: started.pid, started: started.started };
  spawned(server);
  if (await temporalReady(server, ports.port)) return server;
  if (isAlive(started)) await stopServer(started, ['SIGTERM', 'SIGKILL'], 5_000);
  throw fail('RP8005', `The Temporal server did not start; its log is ${files.log}.`, {
    why: started.logTail() || 'It wrote no log.',
  });
}

/** Waits until the server answers and its namespace is prepared; false when it ends before or takes over a minute. */
export async function temporalReady(server: ProcessRecord, port: number): Promise<boolean> {
  const ended = await waitUntil(
    async () => !isAlive(server) || (await prepareNamespaceAt(`127.0.0.1:${port}`, localNamespace)),
    60_000,
  );
  return ended && isAlive(server);
}

export function stopTemporalServer(server: ProcessRecord): Promise<boolean> {
  return stopServer(server, ['SIGTERM', 'SIGKILL']);
}

/** The caller's TEMPORAL_* variables configure clients of another server. */
function temporalEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

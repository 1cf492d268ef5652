import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findTemporal } from '../../src/dev/find-temporal';
import { freePort } from '../../src/dev/free-port';
import { isAlive, stopServer } from '../../src/dev/server-process';
import { openStateFolder, stateFolder } from '../../src/dev/state-folder';
import { localNamespace, startTemporalServer } from '../../src/dev/temporal-server';
import { openFolder } from './open-folder';

export interface TestTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly log: string;
  /** Stops the server and removes its history. */
  stop(): Promise<void>;
  /** Ends the server in order if it runs, then starts it again on the same ports and the same database file. */
  restart(): Promise<void>;
  /** SIGKILL; the history stays for `restart`. */
  kill(): Promise<void>;
}

/** A real development server of its own, prepared as `rowproof dev up` does it; `settings` are dynamic configuration. */
export async function startTemporal(
  settings: Readonly<Record<string, string | number | boolean>> = {},
): Promise<TestTemporal> {
  const state = stateFolder();
  openStateFolder(state);
  const program = await findTemporal(state, (line) => process.stderr.write(`${line}\n`));
  const folder = openFolder('rowproof-temporal-');
  const home = join(folder, 'temporal');
  const port = await freePort();
  const uiPort = await freePort([], [port]);
  let server = await startTemporalServer(program, home, { port, uiPort }, undefined, settings);
  const end = async (...signals: NodeJS.Signals[]): Promise<void> => {
    if (!(await stopServer(server, signals))) throw new Error(`Temporal (process ${server.pid}) does not end`);
  };
  process.once('exit', () => {
    if (isAlive(server)) process.kill(server.pid, 'SIGKILL');
  });
  return {
    address: `127.0.0.1:${port}`,
    namespace: localNamespace,
    uiUrl: `http://localhost:${uiPort}`,
    log: join(home, 'server.log'),
    stop: async () => {
      await end('SIGTERM', 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
    restart: async () => {
      await end('SIGTERM', 'SIGKILL');
      server = await startTemporalServer(program, home, { port, uiPort }, undefined, settings);
    },
    kill: () => end('SIGKILL'),
  };
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../errors/rowproof-error';
import type { RowproofError } from '../errors/rowproof-error';
import { clusterFiles, clusterUrl, createCluster, runningCluster, startCluster, stopCluster } from './cluster';
import { embeddedPostgres } from './embedded-postgres';
import { findPostgres } from './find-postgres';
import type { ServerBinaries } from './find-postgres';
import { findTemporal } from './find-temporal';
import { freePort } from './free-port';
import { isAlive } from './server-process';
import { readState, writeState } from './state-file';
import { openStateFolder, stateFolder } from './state-folder';
import { withStateLock } from './state-lock';
import {
  localNamespace,
  startTemporalServer,
  stopTemporalServer,
  temporalFiles,
  temporalReady,
} from './temporal-server';
import { clusterOwner } from './unprivileged-user';
import type { Owner } from './unprivileged-user';

type Say = (line: string) => void;

interface DevPostgres {
  /** Superuser url with its password: hand it to clients, never print it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly log: string;
}

export interface DevTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly pid: number;
  readonly log: string;
}

/** The local PostgreSQL and Temporal, both running. */
export interface DevEnvironment {
  readonly state: string;
  readonly postgres: DevPostgres;
  readonly temporal: DevTemporal;
}

/** The same with null for what does not run. */
export interface DevStatus {
  readonly state: string;
  readonly postgres: DevPostgres | null;
  readonly temporal: DevTemporal | null;
}

/** The UI's usual port: an environment that starts for the first time takes it when nobody else has it. */
const usualUiPort = 8233;

/** Starts what does not run yet and returns where it is; the processes outlive the caller. Idempotent. */
export async function devUp(options: { say: Say; state?: string; uiPort?: number }): Promise<DevEnvironment> {
  const state = options.state ?? stateFolder();
  openStateFolder(state);
  return withStateLock(state, options.say, async () => {
    await upPostgres(state, options.say);
    await upTemporal(state, options.say, options.uiPort);
    // A server that was dying when we looked is gone by now.
    await upPostgres(state, options.say);
    const { postgres, temporal } = devStatus({ state });
    if (postgres === null) throw fail('RP8003', `PostgreSQL ended right after its start; see the logs in ${state}.`);
    if (temporal === null) throw fail('RP8005', `Temporal ended right after its start; see the logs in ${state}.`);
    return { state, postgres, temporal };
  });
}

/** Starts Temporal alone, for runs between databases of the user's own. Idempotent. */
export async function temporalUp(options: { say: Say; state?: string }): Promise<DevTemporal> {
  const state = options.state ?? stateFolder();
  openStateFolder(state);
  return withStateLock(state, options.say, async () => {
    await upTemporal(state, options.say);
    const { temporal } = devStatus({ state });
    if (temporal === null) throw fail('RP8005', `Temporal ended right after its start; see the logs in ${state}.`);
    return temporal;
  });
}

/** Stops both; data stays in the state folder. Says in the result what it stopped, nothing when nothing ran. */
export async function devDown(options: { say: Say; state?: string }): Promise<readonly ('postgres' | 'temporal')[]> {
  const state = options.state ?? stateFolder();
  if (!existsSync(state)) return [];
  return withStateLock(state, options.say, async () => {
    const { postgres, temporal } = readState(state);
    const stopped: ('postgres' | 'temporal')[] = [];
    if (isAlive(temporal?.process)) {
      options.say('Stopping Temporal.');
      if (await stopTemporalServer(temporal.process)) stopped.push('temporal');
    }
    if (isAlive(postgres?.process)) {
      options.say('Stopping PostgreSQL.');
      if (await stopCluster(postgres.process)) stopped.push('postgres');
    }
    return stopped;
  });
}

/** What runs now; starts nothing and waits for nobody. */
export function devStatus(options: { state?: string } = {}): DevStatus {
  const state = options.state ?? stateFolder();
  const { postgres, temporal } = readState(state);
  return {
    state,
    postgres: !isAlive(postgres?.process)
      ? null
      : {
          url: clusterUrl(join(state, postgres.cluster), postgres.port),
          host: '127.0.0.1',
          port: postgres.port,
          pid: postgres.process.pid,
          log: clusterFiles(join(state, postgres.cluster)).log,
        },
    temporal: !isAlive(temporal?.process)
      ? null
      : {
          address: `127.0.0.1:${temporal.port}`,
          namespace: localNamespace,
          uiUrl: `http://localhost:${temporal.uiPort}`,
          pid: temporal.process.pid,
          log: temporalFiles(join(state, 'temporal')).log,
        },
  };
}

async function upPostgres(state: string, say: Say): Promise<void> {
  const before = readState(state);
  if (isAlive(before.postgres?.process)) return;
  const owner = clusterOwner();
  const binaries = await chooseBinaries(state, owner, say);
  const cluster = `postgres-${binaries.major}`;
  const folder = join(state, cluster);
  if (await createCluster(folder, binaries, owner)) {
    say(`Created a PostgreSQL ${binaries.version} cluster in ${folder}.`);
  }
  let running = await runningCluster(folder);
  if (running === null) {
    const port = await freePort([before.postgres?.port], [before.temporal?.port ?? 0, before.temporal?.uiPort ?? 0]);
    running = { port, process: await startCluster({ folder, binaries, owner, port }) };
  }
  writeState(state, { ...before, postgres: { ...running, cluster } });
  say(`PostgreSQL ${binaries.version} runs on 127.0.0.1:${running.port}.`);
}

/** Binaries for a cluster that exists already win over newer ones, which could not read it. */
async function chooseBinaries(state: string, owner: Owner | null, say: Say): Promise<ServerBinaries> {
  const clusters = new Set(readdirSync(state));
  const found = await findPostgres(owner);
  const wanted = (binaries: ServerBinaries): boolean => clusters.has(`postgres-${binaries.major}`);
  return found.find(wanted) ?? found[0] ?? (await embeddedPostgres(state, owner, say));
}

async function upTemporal(state: string, say: Say, wantedUiPort = usualUiPort): Promise<void> {
  const before = readState(state);
  const running = before.temporal;
  if (isAlive(running?.process)) {
    if (await temporalReady(running.process, running.port)) return;
    if (isAlive(running.process)) throw notAnswering(state, running.process.pid);
  }
  const program = await findTemporal(state, say);
  const taken = [before.postgres?.port ?? 0];
  const port = await freePort([running?.port], taken);
  const uiPort = await freePort([running?.uiPort, wantedUiPort], [...taken, port]);
  await startTemporalServer(program, join(state, 'temporal'), { port, uiPort }, (process) =>
    writeState(state, { ...before, temporal: { port, uiPort, process } }),
  );
  say(`Temporal runs on 127.0.0.1:${port}, its UI on http://localhost:${uiPort}.`);
}

function notAnswering(state: string, pid: number): RowproofError {
  return fail('RP8005', `The Temporal server runs as process ${pid}, but does not answer.`, {
    why: `Its log is ${temporalFiles(join(state, 'temporal')).log}.`,
    fix: 'Stop it with `rowproof dev down`, then run `rowproof dev up` again.',
  });
}

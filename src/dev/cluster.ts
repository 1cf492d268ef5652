import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../errors/rowproof-error';
import type { ServerBinaries } from './find-postgres';
import { runProgram } from './run-program';
import { isAlive, processStart, record, startServer, stopServer, waitUntil } from './server-process';
import type { ProcessRecord } from './server-process';
import type { Owner } from './unprivileged-user';
import { serverEnvironment } from './server-environment';

/** A cluster is a folder: `data` of the server, `password` of the superuser, `server.log`. */
export interface ClusterFiles {
  readonly data: string;
  readonly password: string;
  readonly log: string;
}

export function clusterFiles(folder: string): ClusterFiles {
  return { data: join(folder, 'data'), password: join(folder, 'password'), log: join(folder, 'server.log') };
}

/**
 * Makes the cluster unless it is there: UTF8, explicit locale, passwords only, checksums. An interrupted initdb is
 * redone. False when it was there. `throwAway` skips the syncs.
 */
export async function createCluster(
  folder: string,
  binaries: ServerBinaries,
  owner: Owner | null,
  throwAway = false,
): Promise<boolean> {
  const files = clusterFiles(folder);
  const complete = join(folder, 'created');
  if (existsSync(complete)) return false;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  mkdirSync(files.data, { mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(files.password, password, { mode: 0o600 });
  const handed = join(folder, 'password.initdb');
  writeFileSync(handed, password, { mode: 0o600 });
  if (owner !== null) for (const path of [files.data, handed]) chownSync(path, owner.uid, owner.gid);
  const tried: string[] = [];
  try {
    for (const locale of ['C.UTF-8', 'C']) {
      const result = await runProgram(
        join(binaries.folder, 'initdb'),
        [
          ...['-D', files.data, '-U', 'postgres', '-E', 'UTF8', `--locale=${locale}`, '--data-checksums'],
          ...['--auth=scram-sha-256', `--pwfile=${handed}`, ...(throwAway ? ['--no-sync'] : [])],
        ],
        { owner, cwd: files.data, env: serverEnvironment() },
      );
      if (result.code === 0) {
        writeFileSync(complete, `${binaries.version} ${locale}\n`);
        return true;
      }
      tried.push(`${result.stdout}${result.stderr}`.trim().split('\n').slice(-8).join('\n'));
    }
  } finally {
    rmSync(handed, { force: true });
  }
  throw fail('RP8002', `initdb of PostgreSQL ${binaries.version} failed in ${files.data}.`, {
    why: tried.at(-1) ?? 'It printed nothing.',
  });
}

export interface ClusterStart {
  readonly folder: string;
  readonly binaries: ServerBinaries;
  readonly owner: Owner | null;
  readonly port: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts the server on a loopback port and waits until it takes connections. */
export async function startCluster(start: ClusterStart): Promise<ProcessRecord> {
  const { folder, binaries, owner, port } = start;
  const files = clusterFiles(folder);
  removeStalePidFile(files.data);
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    max_prepared_transactions: '20',
    wal_level: 'logical',
    timezone: 'UTC',
    ...start.settings,
  };
  const started = startServer(
    join(binaries.folder, 'postgres'),
    ['-D', files.data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { log: files.log, cwd: files.data, owner, env: serverEnvironment() },
  );
  const ended = await waitUntil(() => !isAlive(started) || isReady(files.data, started.pid), 60_000);
  if (ended && isAlive(started)) return { pid: started.pid, started: started.started };
  if (isAlive(started)) await stopServer(started, ['SIGQUIT', 'SIGKILL'], 5_000);
  throw fail('RP8003', `PostgreSQL ${binaries.version} did not start; its log is ${files.log}.`, {
    why: started.logTail() || 'It wrote no log.',
  });
}

/** Fast shutdown: sessions are ended, data is safe. */
export function stopCluster(server: ProcessRecord): Promise<boolean> {
  return stopServer(server, ['SIGINT', 'SIGQUIT', 'SIGKILL'], 30_000);
}

/** Superuser url, password included: hand it to clients, never print it. */
export function clusterUrl(folder: string, port: number, database = 'postgres'): string {
  const password = readFileSync(clusterFiles(folder).password, 'utf8').trim();
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
}

/**
 * The server that runs on this folder although nobody recorded it, because its starter was killed in between. It
 * answers once it is ready.
 */
export async function runningCluster(folder: string): Promise<{ process: ProcessRecord; port: number } | null> {
  const { data } = clusterFiles(folder);
  const pid = livePid(data);
  if (pid === null || !(await waitUntil(() => isReady(data, pid) || livePid(data) === null, 60_000))) return null;
  const lines = pidFile(data);
  return lines === null || livePid(data) === null ? null : { process: record(pid), port: Number(lines[3]) };
}

/** The server itself writes its state into line 8 of postmaster.pid. */
function isReady(data: string, pid: number): boolean {
  const lines = pidFile(data);
  return lines !== null && Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function pidFile(data: string): string[] | null {
  try {
    return readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return null;
  }
}

/** The pid of the PostgreSQL that holds this folder. After a crash of the machine it may belong to a stranger by now. */
function livePid(data: string): number | null {
  const pid = Number(pidFile(data)?.[0]);
  if (!Number.isInteger(pid) || pid <= 0 || processStart(pid) === null) return null;
  return process.platform === 'linux' && !commandOf(pid).includes('postgres') ? null : pid;
}

/**
 * A stranger's pid in postmaster.pid would make the server refuse to start. The file of a live PostgreSQL stays:
 * removing it would allow two servers on one folder.
 */
function removeStalePidFile(data: string): void {
  if (livePid(data) === null) rmSync(join(data, 'postmaster.pid'), { force: true });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8');
  } catch {
    return '';
  }
}

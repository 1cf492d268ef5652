import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, readdirSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from './unprivileged-user';

/** A process of ours, told apart from a later one with the same pid by its start time. */
export interface ProcessRecord {
  readonly pid: number;
  /** Opaque; equal only for the same process. Null where the platform does not tell. */
  readonly started: string | null;
}

/** The start time of a live process, or null when there is none. A zombie counts as gone once its threads are: until then its ports are taken. */
export function processStart(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const gone = fields[0] === 'Z' || fields[0] === 'X';
      if (gone && readdirSync(`/proc/${pid}/task`).length <= 1) return null;
      const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      return `${boot}:${fields[19]}`;
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}

export function record(pid: number): ProcessRecord {
  return { pid, started: processStart(pid) };
}

/** Whether the recorded process still runs; a reused pid is somebody else's. */
export function isAlive(process: ProcessRecord | null | undefined): process is ProcessRecord {
  return process != null && process.started !== null && processStart(process.pid) === process.started;
}

const rotateAt = 10 * 1024 * 1024;

export interface StartedProcess extends ProcessRecord {
  /** What the process wrote to its log since this start, at most the last `lines` lines. */
  logTail(lines?: number): string;
}

/** Starts a server that outlives us, with its output appended to `log`. `owner` needs root. */
export function startServer(
  file: string,
  args: readonly string[],
  options: { log: string; cwd: string; owner: Owner | null; env: NodeJS.ProcessEnv },
): StartedProcess {
  if (existsSync(options.log) && statSync(options.log).size > rotateAt) renameSync(options.log, `${options.log}.1`);
  const out = openSync(options.log, 'a', 0o600);
  const from = statSync(options.log).size;
  try {
    const child = spawn(file, args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', out, out],
      ...(options.owner === null ? {} : { uid: options.owner.uid, gid: options.owner.gid }),
    });
    // Without a listener a missing binary would be thrown from nowhere; the caller sees a process that is not alive.
    child.on('error', () => undefined);
    child.unref();
    const pid = child.pid ?? -1;
    return { ...record(pid), logTail: (lines = 20) => tail(options.log, from, lines) };
  } finally {
    closeSync(out);
  }
}

function tail(log: string, from: number, lines: number): string {
  const size = statSync(log).size;
  const start = Math.max(from, size - 64 * 1024);
  const buffer = Buffer.alloc(Math.max(0, size - start));
  const file = openSync(log, 'r');
  try {
    readSync(file, buffer, 0, buffer.length, start);
  } finally {
    closeSync(file);
  }
  return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** Sends the signals in turn, each followed by up to `patience` ms of waiting. True when the process is gone. */
export async function stopServer(
  server: ProcessRecord,
  signals: readonly NodeJS.Signals[],
  patience = 15_000,
): Promise<boolean> {
  for (const signal of signals) {
    if (!isAlive(server)) return true;
    process.kill(server.pid, signal);
    if (await waitUntil(() => !isAlive(server), patience)) return true;
  }
  return !isAlive(server);
}

/** Polls every 20 ms until `holds` or `patience` ms are over. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, patience: number): Promise<boolean> {
  const end = Date.now() + patience;
  for (;;) {
    if (await holds()) return true;
    if (Date.now() > end) return false;
    await sleep(20);
  }
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFree } from '../../src/dev/free-port';
import { isAlive, record, startServer, stopServer, waitUntil } from '../../src/dev/server-process';
import { withStateLock } from '../../src/dev/state-lock';

const made: string[] = [];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'rowproof-process-'));
  made.push(path);
  return path;
}

afterAll(() => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

describe('a server process', () => {
  it('is told apart from a later process with the same pid', () => {
    const us = record(process.pid);
    expect(isAlive(us)).toBe(true);
    expect(isAlive({ ...us, started: 'another boot:1' })).toBe(false);
    expect(isAlive(undefined)).toBe(false);
  });

  it('runs until it is stopped, and its log tail shows this start only', async () => {
    const cwd = folder();
    const log = join(cwd, 'log');
    writeFileSync(log, 'earlier start\n');
    const script = 'console.log("one\\ntwo\\nthree"); setInterval(() => {}, 1000)';
    const server = startServer(process.execPath, ['-e', script], { log, cwd, owner: null, env: process.env });
    expect(await waitUntil(() => server.logTail().includes('three'), 30_000)).toBe(true);
    expect(server.logTail(2)).toBe('two\nthree');
    expect(server.logTail()).not.toContain('earlier');
    expect(await stopServer(server, ['SIGTERM', 'SIGKILL'])).toBe(true);
    expect(isAlive(server)).toBe(false);
    expect(await stopServer(server, ['SIGTERM'])).toBe(true);
  });

  const python = process.platform === 'linux' && spawnSync('python3', ['--version']).status === 0;
  (python ? it : it.skip)('lives until its last thread has gone: until then its ports are taken', async () => {
    const cwd = folder();
    const log = join(cwd, 'log');
    // the first thread ends as in a process that was killed, another one holds the port for a while
    const script = `
import ctypes, os, socket, threading, time
held = socket.socket()
held.bind(("127.0.0.1", 0))
held.listen()
def hold():
    while not os.path.exists("go"): time.sleep(0.01)
threading.Thread(target=hold).start()
print(held.getsockname()[1], flush=True)
ctypes.CDLL(None).syscall(${process.arch === 'arm64' ? 93 : 60}, 0)`;
    const server = startServer('python3', ['-c', script], { log, cwd, owner: null, env: process.env });
    const state = (): string => readFileSync(`/proc/${server.pid}/stat`, 'latin1').split(') ')[1]?.[0] ?? '';
    expect(await waitUntil(() => state() === 'Z', 30_000)).toBe(true);
    const port = Number(server.logTail());
    expect([isAlive(server), await isFree(port)]).toEqual([true, false]);
    writeFileSync(join(cwd, 'go'), '');
    expect(await waitUntil(() => !isAlive(server), 30_000)).toBe(true);
    expect(await isFree(port)).toBe(true);
  });

  it('that cannot be started is a process that does not live, not an exception', () => {
    const cwd = folder();
    const options = { log: join(cwd, 'log'), cwd, owner: null, env: process.env };
    expect(isAlive(startServer(join(cwd, 'no such program'), [], options))).toBe(false);
  });
});

describe('the lock of the state folder', () => {
  it('lets one at a time in', async () => {
    const state = folder();
    let inside = 0;
    let max = 0;
    const work = async (): Promise<void> => {
      max = Math.max(max, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withStateLock(state, () => undefined, work)));
    expect(max).toBe(1);
  });

  it('is taken over from a holder that died and given back after a failure', async () => {
    const state = folder();
    writeFileSync(join(state, 'lock'), JSON.stringify({ pid: process.pid, started: 'before the last boot' }));
    const failing = withStateLock(
      state,
      () => undefined,
      () => Promise.reject(new Error('broken')),
    );
    await expect(failing).rejects.toThrow('broken');
    expect(() => readFileSync(join(state, 'lock'))).toThrow('ENOENT');
  });
});

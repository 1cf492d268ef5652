import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withStateLock(state, () => undefined, work)));
    expect(most).toBe(1);
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

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readDeployment } from '../../src/worker/deployment';
import { otherVersion, thisBuild, type BuiltVersion } from '../support/other-version';
import { runCommand, type CommandResult } from '../support/command';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createTinyBench, type TinyBench } from '../support/tiny-places';
import { binary, document, eventually, logOf, withClient } from '../support/workbench';

jest.setTimeout(600_000);

const followed = {
  head: 'capture: triggers',
  settings: 'gates: [copy], on_failure: ask, batch: { rows: 1 }, cutover: { max_freeze: 60s }',
};
const old = (): BuiltVersion => ({ binary, build: thisBuild(), remove: () => undefined });
let next: BuiltVersion;
let temporal: TestTemporal;
let bench: TinyBench;
const workers: ChildProcess[] = [];

beforeAll(() => {
  next = otherVersion('0.99.0');
});
afterAll(() => next.remove());

async function open(settings: Record<string, string | number | boolean> = {}): Promise<void> {
  temporal = await startTemporal({ 'limit.historyCount.suggestContinueAsNew': 40, ...settings });
  bench = await createTinyBench(temporal, { old: followed, next: {}, again: {}, gone: { decisions: null } });
}

afterEach(async () => {
  await Promise.all(workers.map((one) => stop(one)));
  workers.length = 0;
  await bench?.close();
  await temporal?.stop();
});

function worker(of: BuiltVersion, ...args: string[]): ChildProcess {
  const command = [of.binary, 'worker', '--plans', join(bench.folder, 'plans'), ...args];
  const child = spawn(process.execPath, command, { cwd: bench.folder, env: bench.env, stdio: 'ignore' });
  workers.push(child);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

const rowproof = (of: BuiltVersion, ...args: string[]): Promise<CommandResult> =>
  runCommand(process.execPath, [of.binary, ...args], { cwd: bench.folder, env: bench.env, timeoutMs: 150_000 });

async function deployment(): Promise<{ current: string | null; builds: string[] }> {
  const seen = await withClient(temporal, ({ workflowService: service, options: { namespace } }) =>
    readDeployment({ service, namespace }, bench.taskQueue),
  );
  if (seen.kind !== 'known') return { current: null, builds: [] };
  return { current: seen.current, builds: seen.builds.map(({ build }) => build) };
}

const becomesCurrent = (of: BuiltVersion): Promise<true> =>
  eventually(async () => (await deployment()).current === of.build);

/** Types of the workflows that workers of a build carried on, each execution once. */
async function typesOf(of: BuiltVersion): Promise<string[]> {
  const query = `TemporalWorkerDeploymentVersion = '${bench.taskQueue}:${of.build}'`;
  const types: string[] = [];
  await withClient(temporal, async (client) => {
    for await (const { type } of client.workflow.list({ query })) types.push(type);
  });
  return types.sort();
}

async function approve(gate: string, run: string): Promise<void> {
  const { code } = await bench.until(run, (status) => status.gate === gate);
  const signed = ['--by', 'ana', '--reason', 'agreed', '--run', run];
  expect(await rowproof(next, 'approve', gate, '--code', code, ...signed)).toMatchObject({ code: 0 });
}

describe('workers that are upgraded while a run is open', () => {
  it('leave it with the workers that began it, every queue, child and execution of it, while new runs go to theirs', async () => {
    await open();
    const first = worker(old());
    await becomesCurrent(old());
    const before = bench.place('old');
    expect((await rowproof(old(), 'run', before.file)).code).toBe(7);
    worker(next);
    await becomesCurrent(next);

    const drain = await rowproof(old(), 'worker', '--drain');
    expect([drain.code, drain.stdout]).toEqual([
      7,
      expect.stringMatching(/needed for 1 open workflow:\n  old-1  migration/),
    ]);
    const still = await rowproof(next, 'worker', '--drain');
    expect([still.code, still.stderr]).toEqual([4, expect.stringContaining('RP4221')]);

    const after = await rowproof(next, 'run', bench.place('next').file, '--output', 'json');
    expect([after.code, document(after)]).toEqual([0, expect.objectContaining({ outcome: 'complete' })]);
    expect(await typesOf(next)).toEqual(['batchCopy', 'discovery', 'migration', 'validation']);

    const waiting = rowproof(old(), 'worker', '--drain', '--wait', '--output', 'json');
    await approve('copy', before.run);
    await approve('cutover', before.run);
    const end = await rowproof(next, 'watch', before.run);
    expect([end.code, end.stdout]).toEqual([0, expect.stringContaining('COMPLETE')]);
    expect(await typesOf(next)).toEqual(['batchCopy', 'discovery', 'migration', 'validation']);
    const types = await typesOf(old());
    expect([...new Set(types)]).toEqual([
      'batchCopy',
      'captureMonitor',
      'cutover',
      'delta',
      'discovery',
      'migration',
      'validation',
    ]);
    expect(types.filter((type) => type === 'batchCopy').length).toBeGreaterThan(1);

    expect(document(await waiting)).toEqual({ build: thisBuild(), mayStop: true, open: [] });
    await stop(first);
    expect((await rowproof(next, 'status', before.run)).code).toBe(0);
  });

  it('take new runs only if no newer build does, or when they are told to', async () => {
    await open();
    worker(next);
    await becomesCurrent(next);
    const started = bench.worker();
    await eventually(() => logOf(bench).includes('a newer build is current'));
    expect((await deployment()).current).toBe(next.build);
    started.child.kill('SIGTERM');
    await started.ended;
    worker(old(), '--make-current');
    await becomesCurrent(old());
  });

  it('take new runs only once both queues are polled; until then a run is refused by name', async () => {
    await open();
    worker(old(), '--role', 'control');
    await eventually(async () => (await deployment()).builds.includes(thisBuild()));
    const refused = await rowproof(old(), 'run', bench.place('next').file, '--detach');
    expect([refused.code, refused.stderr]).toEqual([6, expect.stringContaining('RP4220')]);
    expect(refused.stderr).toContain(`${thisBuild()} (no worker of it on ${bench.taskQueue}-copy)`);
    worker(old(), '--role', 'copy');
    await becomesCurrent(old());
    expect((await rowproof(old(), 'run', bench.place('next').file)).code).toBe(0);
  });

  it('go on from the ledger with a run whose build is gone, where they are told to', async () => {
    await open();
    const first = worker(old());
    await becomesCurrent(old());
    const place = bench.place('gone');
    expect((await rowproof(old(), 'run', place.file)).code).toBe(7);
    await stop(first);
    worker(next);
    await becomesCurrent(next);
    const said = await eventually(async () => {
      const status = await rowproof(next, 'status', place.run);
      return status.stdout.includes('another version of the workflows') ? status : null;
    });
    expect(said.stdout).toContain(`Start a worker of rowproof ${thisBuild()}`);
    const again = await rowproof(next, 'run', place.run, '--replace-workflow');
    expect([again.code, again.stderr]).toEqual([7, expect.stringContaining('Ended workflow gone-1')]);
    const drained = await rowproof(old(), 'worker', '--drain');
    expect([drained.code, drained.stdout]).toEqual([0, expect.stringContaining('may stop')]);
  });
});

describe('workers of a server without Worker Versioning', () => {
  it('have a queue for each build, and drain by it', async () => {
    await open({ 'system.enableDeploymentVersions': false });
    worker(old());
    const place = bench.place('gone');
    expect((await rowproof(old(), 'run', place.file)).code).toBe(7);
    worker(next);
    expect((await rowproof(next, 'run', bench.place('next').file)).code).toBe(0);
    const queues = await withClient(temporal, async (client) => {
      const found: Record<string, string> = {};
      for await (const { workflowId, taskQueue } of client.workflow.list({ query: "WorkflowType = 'migration'" }))
        found[workflowId] = taskQueue;
      return found;
    });
    const queue = (of: BuiltVersion): string => `${bench.taskQueue}-${of.build}`;
    expect(queues).toEqual({ 'gone-1': queue(old()), 'next-1': queue(next) });
    const open_ = await rowproof(next, 'worker', '--drain', '--build', thisBuild());
    expect([open_.code, open_.stdout]).toEqual([7, expect.stringContaining('gone-1  migration')]);
    expect((await rowproof(next, 'worker', '--drain')).code).toBe(0);
  });
});

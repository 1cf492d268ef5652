import { rmSync } from 'node:fs';
import { findTemporal } from '../../src/dev/find-temporal';
import { stateFolder } from '../../src/dev/state-folder';
import { openFolder } from '../support/open-folder';
import { lookAt } from '../support/postgres/fingerprint';
import { createGatedBench, type GatedBench, type Outcome } from '../support/gated-bench';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document, eventually, withClient } from '../support/workbench';

async function runStuck(bench: GatedBench, run: string): Promise<ReturnType<GatedBench['start']>> {
  await bench.closeGate();
  const cli = bench.start('run', bench.plan, '--wait', '--output', 'json');
  await bench.stuckAtGate(run);
  return cli;
}

/** The verdict of a run that ended well, with the proof of an undisturbed one. */
function expectComplete(code: number | null, stdout: string): void {
  expect([code, (JSON.parse(stdout) as { outcome: string }).outcome]).toEqual([0, 'complete']);
}

describe('a run that is disturbed in the middle of the copy', () => {
  let temporal: TestTemporal;
  let bench: GatedBench;
  let undisturbed: Outcome;
  let before: Awaited<ReturnType<typeof lookAt>>;

  const look = (): ReturnType<typeof lookAt> => lookAt(bench.target.query as never, 'shop');
  const undo = async (run: string): Promise<void> => {
    const result = await bench.rowproof('rollback', run, '--by', 'ana', '--reason', 'next case');
    expect([result.code, result.stderr]).toEqual([0, expect.any(String)]);
    expect(await look()).toEqual(before);
  };

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createGatedBench(temporal);
    before = await look();
    bench.worker();
    const cli = bench.start('run', bench.plan, '--wait', '--output', 'json');
    expectComplete(await cli.ended, cli.stdout());
    undisturbed = await bench.outcome('shop-1');
    expect(undisturbed.unreceipted).toBe(0);
    await undo('shop-1');
  });
  afterAll(async () => {
    await bench.close();
    await temporal.stop();
  });

  it('comes to the same proof after the backends of its batches were terminated and Temporal was restarted', async () => {
    const cli = await runStuck(bench, 'shop-2');
    const killed = await bench.target.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name like 'rowproof shop-2 copy%' and pg_terminate_backend(pid)`,
    );
    expect(killed.length).toBeGreaterThan(0);
    await bench.source.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like '%copy%'`,
    );
    await eventually(async () => {
      const [row] = await bench.target.query<{ n: number }>(
        `select max(attempts)::int as n from rowproof.batch where run = 'shop-2'`,
      );
      return (row?.n ?? 0) >= 2;
    });
    await temporal.kill();
    await temporal.restart();
    await bench.openGate();
    await cli.ended;
    const watched = await bench.rowproof('watch', 'shop-2', '--output', 'json');
    expectComplete(watched.code, watched.stdout);
    expect(await bench.outcome('shop-2')).toEqual(undisturbed);
    await undo('shop-2');
  });

  it('comes to the same proof after kill -9 of its worker, with a new one; Ctrl-C only detaches', async () => {
    const cli = await runStuck(bench, 'shop-3');
    cli.child.kill('SIGINT');
    expect(await cli.ended).toBe(130);
    expect(JSON.parse(cli.stdout())).toMatchObject({ run: 'shop-3', detached: true });
    expect(cli.stderr()).toContain('rowproof watch shop-3');
    expect(bench.workers()).toHaveLength(1);
    for (const worker of bench.workers()) worker.child.kill('SIGKILL');
    bench.worker();
    await bench.openGate();
    const watched = await bench.rowproof('watch', '--output', 'json');
    expectComplete(watched.code, watched.stdout);
    expect(await bench.outcome('shop-3')).toEqual(undisturbed);
    await undo('shop-3');
  });

  it('goes on from the ledger after Cancel, which undoes nothing, and after a Reset of the new workflow', async () => {
    const cli = await runStuck(bench, 'shop-4');
    await withClient(temporal, (client) => client.workflow.getHandle('shop-4').cancel());
    expect(await cli.ended).toBe(1);
    const [kept] = await bench.target.query<{ n: number }>(`select count(*)::int as n from shop.orders`);
    expect(kept?.n).toBeGreaterThan(0);
    const again = bench.start('run', bench.plan, '--wait', '--output', 'json');
    await bench.stuckAtGate('shop-4');
    await withClient(temporal, async (client) => {
      const handle = client.workflow.getHandle('shop-4');
      const { runId } = await handle.describe();
      const { events } = await handle.fetchHistory();
      const tasks = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes != null);
      await client.workflowService.resetWorkflowExecution({
        namespace: temporal.namespace,
        workflowExecution: { workflowId: 'shop-4', runId },
        reason: 'test',
        requestId: 'reset-1',
        workflowTaskFinishEventId: tasks[1]?.eventId as never,
      });
    });
    await bench.openGate();
    await again.ended;
    const watched = await bench.rowproof('watch', 'shop-4', '--output', 'json');
    expectComplete(watched.code, watched.stdout);
    expect(await bench.outcome('shop-4')).toEqual(undisturbed);
    await undo('shop-4');
  });

  it('goes on from the ledger after Terminate, by `rowproof run`', async () => {
    const cli = await runStuck(bench, 'shop-5');
    await withClient(temporal, (client) => client.workflow.getHandle('shop-5').terminate('test'));
    expect(await cli.ended).toBe(1);
    const again = bench.start('run', bench.plan, '--wait', '--output', 'json');
    await bench.openGate();
    expectComplete(await again.ended, again.stdout());
    expect(again.stderr()).toContain('shop-5 is unfinished: going on from its ledger');
    expect(await bench.outcome('shop-5')).toEqual(undisturbed);
    await undo('shop-5');
  });

  it('is undone from the ledger alone after Terminate, while its batches still hang', async () => {
    const cli = await runStuck(bench, 'shop-6');
    await withClient(temporal, (client) => client.workflow.getHandle('shop-6').terminate('test'));
    await cli.ended;
    const result = await bench.rowproof(
      'rollback',
      'shop-6',
      '--by',
      'ana',
      '--reason',
      'terminated',
      '--output',
      'json',
    );
    await bench.openGate();
    expect(document(result)).toMatchObject({ fingerprintEqual: true });
    expect(result.code).toBe(0);
    expect(await look()).toEqual(before);
  });
});

function startedWorker(talk: string): number | null {
  const pid = /Started a worker \(pid (\d+)/.exec(talk)?.[1];
  return pid === undefined ? null : Number(pid);
}

describe('`rowproof run` with no Temporal configured', () => {
  it('starts one and a worker, which outlive Ctrl-C; `watch` and `run PLAN` come back and replace a worker that died', async () => {
    const program = await findTemporal(stateFolder(), () => undefined);
    const state = openFolder('rowproof-state-');
    const bench = await createGatedBench(null, {
      env: { ROWPROOF_STATE: state, TEMPORAL_CLI_PATH: program },
    });
    let worker: number | null = null;
    try {
      await bench.closeGate();
      const cli = bench.start('run', bench.plan, '--wait');
      worker = await eventually(() => startedWorker(cli.stderr()));
      await bench.stuckAtGate('shop-1');
      cli.child.kill('SIGINT');
      expect(await cli.ended).toBe(130);
      expect(cli.stderr()).toContain('rowproof watch shop-1');
      process.kill(worker, 0);
      process.kill(worker, 'SIGKILL');
      const watching = bench.start('watch');
      worker = await eventually(() => startedWorker(watching.stderr()));
      watching.child.kill('SIGINT');
      expect(await watching.ended).toBe(130);
      process.kill(worker, 'SIGKILL');
      await bench.openGate();
      const again = await bench.rowproof('run', bench.plan, '--wait', '--output', 'json');
      worker = startedWorker(again.stderr);
      expectComplete(again.code, again.stdout);
      expect((await bench.outcome('shop-1')).unreceipted).toBe(0);
      const status = await bench.rowproof('dev', 'status', '--output', 'json');
      expect(document(status)).toMatchObject({ state, temporal: { namespace: 'default' } });
    } finally {
      if (worker !== null) process.kill(worker, 'SIGTERM');
      await bench.rowproof('dev', 'down');
      await bench.close();
      rmSync(state, { recursive: true, force: true });
    }
  });
});

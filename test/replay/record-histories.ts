import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Client as Postgres } from 'pg';
import type { RunStatus } from '../../src/contract/run';
import { createShopBench, shopDecisions, type ShopBench, type ShopPlan } from '../support/shop-bench';
import { startTemporal } from '../support/temporal';
import { eventually, withClient } from '../support/workbench';
import { historiesFolder } from './histories';

interface Recording {
  readonly bench: ShopBench;
  readonly client: Client;
  readonly run: WorkflowHandle;
  status(): Promise<RunStatus>;
  /** Waits until the run stands as asked. */
  when(readExistingFreeze: (status: RunStatus) => boolean): Promise<RunStatus>;
  command(update: string, message: Record<string, unknown>): Promise<unknown>;
}

/** Runs a plan of the shop under `steer` and keeps the histories of all its workflows. */
async function record(
  name: string,
  plan: ShopPlan,
  settings: Record<string, number>,
  steer: (recording: Recording) => Promise<void>,
): Promise<void> {
  const temporal = await startTemporal(settings);
  const bench = await createShopBench(temporal);
  try {
    bench.plan('shop', plan);
    bench.worker();
    await withClient(temporal, async (client) => {
      const run = await client.workflow.start('migration', {
        workflowId: 'shop-1',
        taskQueue: bench.taskQueue,
        args: [{ plan: 'shop' }],
      });
      const status = (): Promise<RunStatus> => run.query<RunStatus>('status');
      await steer({
        bench,
        client,
        run,
        status,
        when: (readExistingFreeze) => eventually(() => status().then((now) => (readExistingFreeze(now) ? now : null))),
        command: (update, message) =>
          run.executeUpdate(update, { args: [{ by: 'ana', reason: 'recorded', ...message }] }),
      });
      await run.result().catch(() => undefined);
      await keep(name, client);
    });
  } finally {
    await bench.close();
    await temporal.stop();
  }
}

async function keep(name: string, client: Client): Promise<void> {
  const folder = join(historiesFolder, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const executions = [];
  for await (const execution of client.workflow.list()) executions.push(execution);
  executions.sort((one, other) => one.startTime.getTime() - other.startTime.getTime());
  const counts = new Map<string, number>();
  for (const { type, workflowId, runId } of executions) {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const json = historyToJSON(history).replace(/"identity":\s*"[^"]*"/g, '"identity":"recorded"');
    writeFileSync(join(folder, `${type}-${count}.json`), `${JSON.stringify(JSON.parse(json))}\n`);
  }
}

const decided = { decisions: shopDecisions };

it('records a run that goes through by itself', () =>
  record('complete', { ...decided, settings: 'batch: { rows: 100 }' }, {}, () => Promise.resolve()));

it('records a run that is decided, approved, paused and resumed', () =>
  record('steered', { settings: 'gates: [copy], batch: { rows: 100 }' }, {}, async ({ run, when, command }) => {
    const { undecided } = await when((status) => status.undecided.length > 0);
    for (const finding of undecided) await command('decide', { finding: finding.id, do: 'quarantine' });
    const { code } = await when((status) => status.gate === 'copy');
    await command('pause', { by: 'ben' });
    await command('approve', { gate: 'copy', code });
    await when((status) => status.state === 'paused');
    await run.signal('resume', { by: 'ben' });
  }));

it('records a run with a blocked batch that is resolved', () =>
  record('blocked', { ...decided, settings: slow }, {}, async (recording) => {
    await whileLocked(recording, async ({ when }) => {
      await when((status) => status.blocked.length > 0);
    });
    await recording.command('resolve', { what: '*', do: 'retry' });
  }));

it('records a run that is aborted in the middle of the copy and rolled back', () =>
  record('undone', { ...decided, settings: slow }, {}, async (recording) => {
    await whileLocked(recording, async ({ command }) => {
      await command('abort', { then: 'rollback' });
    });
  }));

it('records a copy that continued as new', () =>
  record(
    'continued',
    { ...decided, settings: 'batch: { rows: 25 }' },
    { 'limit.historyCount.suggestContinueAsNew': 60 },
    () => Promise.resolve(),
  ));

it('records a run that follows its source: a drill, a cutover that lets the writers go, and one that goes through', () =>
  record('followed', { ...decided, capture: 'triggers', settings: impatient }, {}, async (recording) => {
    const { bench, when, command } = recording;
    const { code } = await when((status) => status.gate === 'cutover');
    await command('drill', {});
    const holder = new Postgres({ connectionString: bench.source.url });
    await holder.connect();
    try {
      await holder.query('begin; lock table public.tbl_order in share mode');
      await command('approve', { gate: 'cutover', code });
      await when(({ gate, follow }) => gate === 'cutover' && follow?.freeze?.outcome === 'lock');
    } finally {
      await holder.end();
    }
    await command('approve', { gate: 'cutover', code });
  }));

it('records a run that freezes its source first', () =>
  record('frozen', { ...decided, settings: 'batch: { rows: 100 }, pattern: big_bang' }, {}, async (recording) => {
    const { code } = await recording.when((status) => status.gate === 'cutover');
    await recording.command('approve', { gate: 'cutover', code });
  }));

const impatient = 'batch: { rows: 100 }, cutover: { lock_timeout: 100ms, lock_budget: 1s }';
const slow = 'lock_timeout: 200ms, batch: { rows: 20, in_flight: 1 }';

/** Another session holds the orders once the copy has begun with them. */
async function whileLocked(recording: Recording, work: (recording: Recording) => Promise<void>): Promise<void> {
  const { target } = recording.bench;
  const begun = "select 1 from rowproof.batch where mapping = 'sales_order' and state = 'done'";
  await eventually(() =>
    target.query(begun).then(
      (rows) => rows.length > 0,
      () => false,
    ),
  );
  const holder = new Postgres({ connectionString: target.url });
  await holder.connect();
  try {
    await holder.query('begin; lock table shop.sales_order in share mode');
    await work(recording);
  } finally {
    await holder.end();
  }
}

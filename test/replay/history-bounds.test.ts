import { readFileSync } from 'node:fs';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { Activities, OpenedRun, Verdict } from '../../src/contract/activity-types';
import type { DeltaReport, FollowReport } from '../../src/contract/delta';
import type { RunStatus } from '../../src/contract/run';
import { copyQueue } from '../../src/contract/task-queues';
import { afterSlice, newFollower } from '../../src/orchestration/follower';
import { prepareNamespace } from '../../src/worker/prepare-namespace';
import { workflowBundlePath } from '../../src/worker/this-build';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { eventually } from '../support/workbench';

/**
 * How long histories get with 1,000 tables and a week of following. It is histories that are measured, so activities are stand-ins that
 * do nothing, and the week is what the child that follows tells its root in one.
 */

jest.setTimeout(900_000);

const tables = Array.from({ length: 1_000 }, (_, at) => `table_${at}`);
const week = 7 * 24 * 3600;
const slice = 20;

const report = (seconds: number): DeltaReport => ({
  rounds: 1,
  keys: 1,
  lag: { changes: 1, seconds, walBytes: 0 },
  pending: 0,
  caughtUp: true,
  throttled: null,
  newFindings: [],
  quarantined: 0,
});

/** What the root hears in a week in which the lag goes up and down with every slice. */
function toldInAWeek(): FollowReport[] {
  const told: FollowReport[] = [];
  let state = newFollower({ paused: false, caughtUp: false, once: false, stopped: null, reports: 0 });
  for (let seconds = 0; seconds < week; seconds += slice) {
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
    const turn = afterSlice(state, report((seconds / slice) % 2 === 0 ? 0 : 100), now);
    state = turn.state;
    if (turn.report !== null) told.push(turn.report);
  }
  return told;
}

const ref = { run: 'big-1', ledger: 'env:BIG_URL' };
const run: OpenedRun = {
  ref,
  plan: 'big',
  code: '0000-0000',
  mappings: tables.map((name) => ({ name, estimatedRows: 10, estimatedBytes: 100 })),
  gates: [],
  approvers: {},
  onFailure: 'ask',
  inFlight: 20,
  pattern: 'hybrid',
  capture: 'triggers',
  confirmSwitch: false,
  limits: { maxFreezeMs: 5_000, maxProofAgeMs: 3_600_000 },
  verdict: null,
  finished: [],
  begun: false,
  searchAttributes: true,
  identity: '000000000000',
};
const verdict: Verdict = { green: true, sentence: 'every row accounted for', reconciliation: [], problems: [] };
const frozen = { freezeMs: 1, lockAttempts: 1, changedKeys: 0, writers: [], outcome: 'frozen', sentence: 'frozen' };

/** Whatever else is asked for is done at once, and comes to nothing. */
function standIns(): Partial<Activities> {
  const copied = new Set<string>();
  const known: Partial<Record<keyof Activities, (...args: never[]) => Promise<unknown>>> = {
    openRun: async () => run,
    undecidedFindings: async () => [],
    undecidedQuarantine: async () => [],
    pendingBatches: async ({ mapping }: { mapping: string }) => {
      const ordinals = copied.has(mapping) ? [] : [0];
      return { ordinals, batches: 1, done: 1 - ordinals.length, migrated: 10, quarantined: 0, outOfScope: 0 };
    },
    copyBatch: async ({ mapping, ordinal }: { mapping: string; ordinal: number }) => {
      copied.add(mapping);
      return { mapping, ordinal, migrated: 10, quarantined: 0, outOfScope: 0, path: 'fast' };
    },
    settle: async () => ({ adjusted: 0, rounds: 1, reconciliation: [] }),
    runRounds: async () => report(0),
    monitorCapture: async () => ({ changeLogBytes: 0, walBytes: 0, warnings: [], asked: true, over: false }),
    reconcile: async () => verdict,
    recordCatalogs: async () => ({ relations: 0 }),
    checkCutover: async () => [],
    cutOver: async () => frozen,
    freezeState: async () => ({ opened: false, frozen: [], whole: false }),
    openSteps: async () => [],
  };
  return Object.fromEntries(
    allActivities.map((name) => [name, known[name] ?? (async () => null)]),
  ) as Partial<Activities>;
}

const allActivities: (keyof Activities)[] = [
  ...(['openRun', 'startPhase', 'finishPhase', 'recordEvent', 'recordCommand', 'closeRun', 'notify'] as const),
  ...([
    'recordCatalogs',
    'profileMapping',
    'profileMappings',
    'tryTargetRules',
    'fingerprintTarget',
    'undecidedFindings',
    'decide',
  ] as const),
  ...(['prepareTarget', 'planBatches', 'pendingBatches', 'copyBatch', 'blockBatch', 'quarantineBatch'] as const),
  ...([
    'checkLimits',
    'settle',
    'rebuildIndexes',
    'rebuildForeignKeys',
    'restoreTriggers',
    'advanceSequences',
  ] as const),
  ...(['analyzeAndRefresh', 'writeIdMap', 'undecidedQuarantine', 'proveMapping', 'proveReferences'] as const),
  ...(['checkRules', 'runSpotChecks', 'reconcile', 'revokeLeases', 'openSteps', 'compensate'] as const),
  ...(['proveRollback', 'installCapture', 'removeCapture', 'monitorCapture', 'resyncCapture', 'runRounds'] as const),
  ...(['proveLive', 'guardTarget', 'freezeSource', 'checkCutover', 'cutOver', 'freezeState', 'openTarget'] as const),
  ...(['callSwitch', 'listWriters'] as const),
];

let temporal: TestTemporal;
let client: Client;
const ends: (() => Promise<unknown>)[] = [];
const code = readFileSync(workflowBundlePath({}).replace(/workflow-bundle\.js$/, 'dist/workflow-bundle.js'), 'utf8');

beforeAll(async () => {
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) };
  Runtime.install({ logger: new DefaultLogger('ERROR', () => undefined), telemetryOptions: { logging } });
  temporal = await startTemporal();
  const { address, namespace } = temporal;
  const connection = await Connection.connect({ address });
  client = new Client({ connection, namespace });
  await prepareNamespace(connection, namespace);
  const native = await NativeConnection.connect({ address });
  const activities = standIns();
  for (const part of [{ taskQueue: 'big', workflowBundle: { code } }, { taskQueue: copyQueue('big') }]) {
    const worker = await Worker.create({ connection: native, namespace, ...part, activities });
    const running = worker.run();
    ends.unshift(() => {
      worker.shutdown();
      return running;
    });
  }
  ends.push(
    () => native.close(),
    () => connection.close(),
  );
});
afterAll(async () => {
  for (const end of ends) await end();
  await temporal.stop();
});

async function replayed(histories: readonly { workflowId: string; history: History }[]): Promise<string[]> {
  const failed: string[] = [];
  const results = Worker.runReplayHistories({ workflowBundle: { code } }, [...histories]);
  for await (const { workflowId, error } of results) if (error !== undefined) failed.push(workflowId);
  return failed;
}

test('With 1,000 tables and a week of following, the root of a run has less than 2,000 events, and so has every execution of a child', async () => {
  const root: WorkflowHandle = await client.workflow.start('migration', {
    workflowId: 'big-1',
    taskQueue: 'big',
    args: [{ plan: 'big' }],
  });
  const status = (): Promise<RunStatus> => root.query<RunStatus>('status');
  const until = async (gate: string): Promise<void> => {
    for (let tries = 0; tries < 6; tries += 1)
      if (await eventually(async () => (await status()).gate === gate).catch(() => false)) return;
    throw new Error(`The run stands at ${JSON.stringify({ ...(await status()), tables: [] })}`);
  };
  await until('cutover');
  const told = toldInAWeek();
  expect(told.length).toBeGreaterThan(100);
  // one at a time, so that each has a workflow task of its own
  for (const follow of told) {
    await root.signal('progress', { follow });
    await status();
  }
  const message = { gate: 'cutover', code: run.code, by: 'ben', reason: 'a week is enough' };
  await root.executeUpdate('approve', { args: [message] });
  expect(await root.result()).toMatchObject({ outcome: 'complete' });

  const histories: { type: string; workflowId: string; history: History; events: number }[] = [];
  for await (const { workflowId, runId, type } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push({ type, workflowId: `${workflowId} ${runId}`, history, events: history.events?.length ?? 0 });
  }
  const max = (types: (type: string) => boolean): number =>
    Math.max(...histories.filter(({ type }) => types(type)).map(({ events }) => events));
  expect(max((type) => type === 'migration')).toBeLessThan(2_000);
  expect(max((type) => type !== 'migration')).toBeLessThan(3_000);
  expect(await replayed(histories)).toEqual([]);
  if (process.env['HISTORY_FIGURES'] !== undefined) await printFigures(histories);
});

/** How long each replay takes besides the start of a replayer, which is how long the shortest history takes once everything is warm. */
async function printFigures(
  histories: readonly { type: string; workflowId: string; history: History; events: number }[],
): Promise<void> {
  const msOf = async (one: (typeof histories)[number]): Promise<number> => {
    const began = performance.now();
    await replayed([one]);
    return performance.now() - began;
  };
  const [shortest] = [...histories].sort((a, b) => a.events - b.events);
  if (shortest === undefined) return;
  const starts: number[] = [];
  for (let tries = 0; tries < 3; tries += 1) starts.push(await msOf(shortest));
  const start = Math.min(...starts);
  process.stderr.write(`start of a replayer (${shortest.type}, ${shortest.events} events): ${Math.round(start)} ms\n`);
  for (const one of histories) {
    const ms = Math.round((await msOf(one)) - start);
    process.stderr.write(`${one.type} ${one.events} events: ${ms} ms besides the start\n`);
  }
}

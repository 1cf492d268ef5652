import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { otherVersion } from '../support/other-version';
import { refusalOf, runPrinted } from '../support/printed-commands';
import {
  elsewhere,
  looks,
  omit,
  printedBy,
  refusedAfterEnd,
  refusedWhileOpen,
  signed,
  someRefusedAfterEnd,
  stateTable,
  type StateTable,
} from '../support/state-table';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { badRow, createTinyBench, smallPlan, type TinyBench, type TinyPlace } from '../support/tiny-places';
import { eventually, withClient } from '../support/workbench';
import type { CommandResult } from '../support/command';

/**
 * States × commands. Each state is met by every command: its exit code is the one of the table in docs/operations.md,
 * and what a refusal or a screen prints as a command is run as printed and is not refused.
 */

const live = { head: 'capture: triggers', settings: 'on_failure: ask, cutover: { max_freeze: 60s }' };
const stuck = { settings: 'gates: [copy], on_failure: ask, lock_timeout: 200ms' };

jest.setTimeout(600_000);
let temporal: TestTemporal;
let bench: TinyBench;
let meets: StateTable['meets'];
let follow: StateTable['follow'];
const locks: Postgres[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
  bench = await createTinyBench(temporal, {
    asks: { decisions: null },
    checks: { decisions: null },
    gated: { settings: 'gates: [copy], on_failure: keep' },
    others: { ...stuck, ...smallPlan },
    aborted: stuck,
    ended: stuck,
    killed: stuck,
    quiet: {},
    moved: { ...live },
    opened: { ...live, settings: 'on_failure: ask, cutover: { max_freeze: 60s, confirm_switch: true }' },
    frozen: { ...live },
    ui: { decisions: null },
    version: { decisions: null },
  });
  ({ meets, follow } = stateTable(bench));
  bench.worker();
});
afterAll(async () => {
  for (const one of locks) await one.end().catch(() => undefined);
  await bench?.close();
  await temporal?.stop();
});

/** Runs a plan up to its gate, then lets the copy begin while nobody can write into quarantine: batches with a bad row are blocked. */
async function blockBatches(place: TinyPlace): Promise<() => Promise<void>> {
  const first = await bench.rowproof('run', place.file);
  expect([first.code, first.stderr]).toEqual([7, expect.any(String)]);
  const client = new Postgres({ connectionString: place.target.url });
  client.on('error', () => undefined);
  await client.connect();
  locks.push(client);
  await client.query('begin; lock table rowproof.quarantined in exclusive mode');
  await follow(first, 'approve copy');
  await bench.until(place.run, ({ blocked }) => blocked.length > 0);
  return async () => {
    await client.query('rollback');
  };
}

describe('a run that waits for a decision', () => {
  test('prints a decision that works as it stands, from another folder, in a shell without the variables of the plan', async () => {
    const place = bench.place('asks');
    const first = await bench.rowproof('run', place.file);
    expect([first.code, first.stdout]).toEqual([7, expect.stringContaining(badRow)]);
    const [decide] = printedBy(first).filter(([verb]) => verb === 'decide') as [string[]];
    expect(decide.join(' ')).toBe(`decide ${badRow} quarantine --expect 1 --by YOU --reason WHY --run asks-1`);
    await meets(place, { ...looks, ...refusedWhileOpen, watch: null, pause: 0, resume: 0 }, ['decide', 'abort']);
    const without = await bench.rowproof('decide', badRow, 'quarantine', '--run', 'asks-1', ...signed);
    expect([without.code, without.stderr]).toEqual([4, expect.stringContaining('which is 1 now')]);
    const wrong = await bench.rowproof('decide', badRow, 'quarantine', '--expect', '5', '--run', 'asks-1', ...signed);
    expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining('expected 5 rows, 1 is seen')]);
    const stop = await bench.rowproof('decide', badRow, 'stop', '--run', 'asks-1', ...signed);
    expect(stop.code).toBe(0);
    await bench.until('asks-1', ({ undecided }) => /decided to stop here/.test(undecided[0]?.sentence ?? ''));
    const { ASKS_S: _source, ASKS_T: _target, ...stranger } = bench.env;
    expect(refusalOf(decide, await runPrinted(decide, { cwd: elsewhere(), env: stranger }))).toBeNull();
    const ended = await bench.rowproof('watch', 'asks-1');
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('COMPLETE')]);
    const blind = await runPrinted(['report', 'asks-1'], { cwd: elsewhere(), env: stranger });
    expect([blind.code, blind.stderr]).toEqual([3, expect.stringContaining('ASKS_T is not set')]);
  });
});

describe('a run at its first gate, complete, rolled back and finished', () => {
  test('takes in each state what its screens print', async () => {
    const place = bench.place('gated');
    const first = await bench.rowproof('run', place.file);
    expect(first.code).toBe(7);
    await meets(place, { ...looks, ...refusedWhileOpen, watch: null, pause: 0, resume: 0 }, ['approve copy', 'abort']);
    await follow(first, 'approve copy');
    const complete = await bench.rowproof('watch', place.run);
    expect(complete.code).toBe(0);
    const ended = { ...looks, ...refusedAfterEnd, watch: 0 };
    await meets(place, { ...ended, run: 4, 'run PLAN': 4 }, ['rollback', 'finish']);
    await follow(complete, 'rollback');
    await meets(place, { status: 0, report: 0, watch: 0, decide: 4, pause: 4, rollback: 0, run: 4 }, ['finish']);
    await follow(await bench.rowproof('status', place.run), 'finish');
    await meets(place, { status: 4, report: 4, decide: 4, run: 4, rollback: 4 });
  });
});

describe('a run with blocked batches', () => {
  test('copies all other tables of the same group meanwhile, and ends once what is printed is done', async () => {
    const place = bench.place('others');
    const release = await blockBatches(place);
    const seen = await bench.until(
      place.run,
      ({ tables, blocked }) => blocked.length === 3 && tables.filter(({ state }) => state === 'done').length === 3,
    );
    expect(seen.tables.filter(({ state }) => state === 'done').map(({ mapping }) => mapping)).toEqual([
      't2',
      't4',
      't5',
    ]);
    expect(seen.blocked.map(({ mapping }) => mapping).sort()).toEqual(['d', 't1', 't3']);
    await meets(place, { ...looks, ...refusedWhileOpen, watch: null, 'approve copy': 4, pause: 0, resume: 0 }, [
      'resolve',
      'abort',
    ]);
    const shown = await bench.rowproof('status', place.run);
    await release();
    for (const words of printedBy(shown).filter(([verb]) => verb === 'resolve')) {
      expect(refusalOf(words, await runPrinted(words, { cwd: elsewhere(), env: bench.env }))).toBeNull();
    }
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
  });
});

describe('a run that was stopped in the copy', () => {
  test('by abort asks, and goes on with the approval that is printed', async () => {
    const place = bench.place('aborted');
    const release = await blockBatches(place);
    expect((await bench.rowproof('abort', place.run, ...signed)).code).toBe(0);
    await bench.until(place.run, ({ gate }) => gate !== null);
    await meets(
      place,
      { ...looks, ...omit(refusedWhileOpen, 'approve retry', 'approve rollback'), abort: 4, watch: null },
      ['approve'],
    );
    const shown = await bench.rowproof('status', place.run);
    expect(printedBy(shown).map(([verb, gate]) => `${verb} ${gate}`)).toEqual(
      expect.arrayContaining(['approve rollback', 'approve retry', 'approve keep']),
    );
    await release();
    await follow(shown, 'approve retry');
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
  });

  test('by Terminate says so, and goes on with the command that is printed', async () => {
    const place = bench.place('ended');
    const release = await blockBatches(place);
    await withClient(temporal, (client) => client.workflow.getHandle(place.run).terminate('test'));
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 1 }, ['run', 'rollback']);
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(/its workflow is closed \(terminated\); last phase copy/);
    await release();
    await follow(shown, 'run');
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
  });

  test('by Cancel is undone with the command that is printed', async () => {
    const place = bench.place('killed');
    const release = await blockBatches(place);
    await withClient(temporal, (client) => client.workflow.getHandle(place.run).cancel());
    await eventually(async () => (await bench.status(place.run)) === null);
    await release();
    const came = await follow(await bench.rowproof('status', place.run), 'rollback');
    expect(came.stdout).toMatch(/Rolled back/);
    expect(await place.target.query('select 1 from public.d')).toEqual([]);
  });
});

describe('a run that cuts over', () => {
  const atTheGate = async (place: TinyPlace): Promise<CommandResult> => {
    const waits = await bench.rowproof('run', place.file);
    expect([waits.code, waits.stdout]).toEqual([7, expect.stringContaining('approval of the cutover')]);
    await bench.until(place.run, ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null);
    return waits;
  };
  const writes = ({ source }: TinyPlace): Promise<string> =>
    source.query('update public.d set v = v where id = 1').then(
      () => 'done',
      (error: { code?: string }) => error.code ?? 'failed',
    );

  test('takes drill and cutover at its gate, and can only be finished once it is open', async () => {
    const place = bench.place('moved');
    const waits = await atTheGate(place);
    await meets(
      place,
      { ...looks, ...omit(refusedWhileOpen, 'drill', 'cutover'), drill: 0, watch: null, pause: 0, resume: 0 },
      ['cutover moved-1 --code', 'approve cutover', 'abort'],
    );
    await follow(waits, 'cutover moved-1 --code');
    const complete = await bench.rowproof('watch', place.run);
    expect(complete.code).toBe(0);
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 0, run: 4, rollback: 5, finish: 4 }, [
      'finish moved-1 --release-freeze',
    ]);
    expect(await writes(place)).toBe('25006');
    const finished = await follow(complete, 'finish moved-1 --release-freeze');
    expect(finished.stdout).toMatch(/s takes writes again; nothing carries them over/);
    expect(await writes(place)).toBe('done');
  });

  test('is freed by the command that is printed where it was left frozen under a target that is not open, and goes on', async () => {
    const place = bench.place('frozen');
    const waits = await atTheGate(place);
    const deferred = new Postgres({ connectionString: place.target.url });
    locks.push(deferred);
    await deferred.connect();
    await deferred.query('begin; lock table public.d in access share mode');
    await follow(waits, 'cutover frozen-1 --code');
    await bench.until(place.run, ({ sentence }) => /opening the target|could not be opened/.test(sentence));
    expect((await bench.rowproof('abort', place.run, '--then', 'keep', ...signed)).code).toBe(0);
    await eventually(async () => (await bench.status(place.run)) === null);
    await meets(place, { ...looks, ...someRefusedAfterEnd, watch: 1 }, [
      'run',
      'rollback',
      'finish frozen-1 --release-freeze',
    ]);
    expect(await writes(place)).toBe('25006');
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(/Writers of s are still stopped/);
    await deferred.query('rollback');
    const freed = await follow(shown, 'finish frozen-1 --release-freeze');
    expect(freed.stdout).toMatch(/Writers of s are free: .* keeps its ledger/);
    expect(await writes(place)).toBe('done');
    await follow(freed, 'run frozen-1');
    await bench.until(place.run, ({ gate }) => gate === 'cutover');
    const again = await bench.rowproof('status', place.run);
    await follow(again, 'cutover frozen-1 --code');
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
    expect(await writes(place)).toBe('25006');
  });

  test('is not offered a way back once it is open and its books do not close, and both commands that are offered work', async () => {
    const place = bench.place('opened');
    await follow(await atTheGate(place), 'cutover opened-1 --code');
    await bench.until(place.run, ({ gate }) => gate === 'switch');
    await place.source.query(
      'alter table public.d disable trigger all; delete from public.d where id = 3; alter table public.d enable trigger all',
    );
    await follow(await bench.rowproof('status', place.run), 'approve switch');
    const asks = await bench.until(place.run, ({ gate }) => gate === 'retry');
    expect(asks.sentence).toMatch(/^The target is open, but .*Waits for retry or keep\.$/);
    await meets(place, { ...looks, ...omit(refusedWhileOpen, 'approve retry'), abort: 4, watch: null }, ['approve']);
    const shown = await bench.rowproof('status', place.run);
    await follow(shown, 'approve retry');
    await bench.until(place.run, ({ gate }) => gate === 'switch');
    await follow(await bench.rowproof('status', place.run), 'approve switch');
    await bench.until(place.run, ({ gate }) => gate === 'retry');
    await follow(await bench.rowproof('status', place.run), 'approve keep');
    await eventually(async () => (await bench.status(place.run)) === null);
    await meets(place, { ...looks, ...someRefusedAfterEnd, watch: 1, rollback: 5, finish: 4 }, [
      'run',
      'finish opened-1 --release-freeze',
    ]);
    const closed = await bench.rowproof('status', place.run);
    expect(closed.stdout).toMatch(/failed: The target is open, but .*cannot be rolled back/);
    await follow(closed, 'run opened-1');
    await bench.until(place.run, ({ gate }) => gate === 'switch');
    await follow(await bench.rowproof('status', place.run), 'approve switch');
    await bench.until(place.run, ({ gate }) => gate === 'retry');
    await follow(await bench.rowproof('status', place.run), 'approve keep');
    await eventually(async () => (await bench.status(place.run)) === null);
    await follow(await bench.rowproof('status', place.run), 'finish opened-1 --release-freeze');
    expect(await writes(place)).toBe('done');
  });
});

describe('a check', () => {
  test('ends with its findings and the decisions to write into the plan, in result, status and report', async () => {
    const place = bench.place('checks');
    const check = await bench.rowproof('run', place.file, '--check');
    expect([check.code, check.stdout]).toEqual([1, expect.stringContaining('1 finding needs a decision')]);
    const line = `"${badRow}": { do: quarantine, expect: { rows: 1 }, because: WHY, by: YOU }`;
    expect(check.stdout).toContain(line);
    const status = await bench.rowproof('status', place.run);
    expect(status.stdout).toContain(line);
    const report = await bench.rowproof('report', place.run, '--output', 'json');
    expect(report.stdout).toContain(badRow);
    await meets(place, { ...looks, ...someRefusedAfterEnd, watch: 1, run: 4 }, ['run', 'finish']);
    const result = await withClient(temporal, async (client) => {
      const handle = await client.workflow.start('migration', {
        workflowId: 'checks-from-ui',
        taskQueue: bench.taskQueue,
        args: [{ plan: 'checks', mode: 'check' }],
      });
      return (await handle.result()) as { findings: { id: string }[]; next: string[] };
    });
    expect(result.findings.map(({ id }) => id)).toEqual([badRow]);
    expect(result.next.join('\n')).toContain(line);
  });
});

describe('a run that was started in the UI', () => {
  test('is reached by the commands that its status prints, from a folder that knows nothing of it', async () => {
    const place = bench.place('ui');
    await withClient(temporal, (client) =>
      client.workflow.start('migration', {
        workflowId: 'from-the-ui',
        taskQueue: bench.taskQueue,
        args: [{ plan: 'ui' }],
      }),
    );
    const from = { cwd: elsewhere(), env: bench.env };
    const shown = await eventually(async () => {
      const status = await runPrinted(['status', place.run], from);
      return status.stdout.includes(badRow) ? status : null;
    });
    const byPlan = await runPrinted(['status', '--plan', place.file], from);
    for (const words of printedBy(byPlan)) expect(words.slice(-2)).toEqual(['--plan', place.file]);
    await follow(byPlan, 'decide');
    expect(printedBy(shown).length).toBeGreaterThan(0);
    expect((await runPrinted(['report', place.run], from)).code).toBe(0);
    const ended = await eventually(async () => {
      const status = await runPrinted(['status', place.run], from);
      return printedBy(status).some(([verb]) => verb === 'rollback') ? status : null;
    });
    expect(ended.stdout).toContain('complete');
    await follow(ended, 'rollback');
  });
});

describe('a run without a worker that carries it on', () => {
  test('says so in status, and refuses commands at once instead of waiting for ever', async () => {
    const place = bench.place('quiet');
    const env = { ...bench.env, ROWPROOF_TASK_QUEUE: 'nobody' };
    const started = await runPrinted(['run', place.file, '--detach'], { cwd: bench.folder, env });
    expect(started.stderr).toContain('RP4205');
    await meets(
      place,
      { status: 0, pause: 6, resume: 6, decide: 6, 'approve copy': 6, cutover: 6, drill: 6, finish: 4 },
      ['watch', 'worker', 'abort'],
    );
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(/quiet-1 is open, and no worker polls its task queue nobody: it waits until/);
    const [words] = printedBy(shown).filter(([verb]) => verb === 'worker');
    bench.start(...(words as string[]));
    await eventually(async () => (await bench.rowproof('status', place.run)).stdout.includes('complete'));
  });
});

describe('a run whose workers were replaced by another version', () => {
  test('says so in status, run and watch, refuses commands by that name, and goes on from its ledger with the command that is printed', async () => {
    const place = bench.place('version');
    expect((await bench.rowproof('run', place.file)).code).toBe(7);
    for (const { child, ended } of bench.workers()) {
      child.kill('SIGTERM');
      await ended;
    }
    const other = otherVersion();
    try {
      const worker = spawn(process.execPath, [other.binary, 'worker', '--plans', join(bench.folder, 'plans')], {
        cwd: bench.folder,
        env: bench.env,
        stdio: 'ignore',
      });
      const said = await eventually(async () => {
        const status = await bench.rowproof('status', place.run);
        return status.stdout.includes('another version of the workflows') ? status : null;
      });
      expect(said.code).toBe(0);
      await meets(place, { status: 0, decide: 6, run: 6, 'run PLAN': 6, finish: 4, rollback: 4 }, [
        'run version-1 --replace-workflow',
        'abort',
        'watch',
      ]);
      const again = await follow(said, 'run version-1 --replace-workflow');
      expect(again.stderr).toContain('Ended workflow version-1');
      const parked = await bench.until(place.run, ({ undecided }) => undecided.length > 0);
      expect(parked.undecided.map(({ id }) => id)).toEqual([badRow]);
      worker.kill('SIGKILL');
    } finally {
      other.remove();
    }
  });
});

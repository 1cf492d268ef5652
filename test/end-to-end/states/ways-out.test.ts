import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { otherVersion } from '../../support/other-version';
import { refusalOf, runPrinted } from '../../support/printed/printed-commands';
import { runPage, type RunPage } from '../../support/printed/printed-updates';
import {
  elsewhere,
  looks,
  omit,
  printedBy,
  refusedAfterEnd,
  refusedWhileOpen,
  signed,
  stateTable,
  type Row,
  type StateTable,
} from '../../support/state-table';
import { startTemporal, type TestTemporal } from '../../support/temporal';
import { badRow, createTinyBench, smallPlan, type TinyBench, type TinyPlace } from '../../support/tiny-places';
import { eventually, withClient } from '../../support/workbench';
import type { CommandResult } from '../../support/command';

/**
 * States × commands. Each state is met by every command: its exit code is the one of the table in docs/operations.md,
 * and what a refusal or a screen prints as a command is run as printed and is not refused.
 */

const stuck = { settings: 'gates: [copy], on_failure: ask, lock_timeout: 200ms' };

jest.setTimeout(600_000);
let temporal: TestTemporal;
let bench: TinyBench;
let meets: StateTable['meets'];
let follow: StateTable['follow'];
let page: RunPage;
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
    ui: { decisions: null },
    version: { decisions: null },
  });
  ({ meets, follow } = stateTable(bench));
  page = runPage(temporal);
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

/** Whether the workflow has taken an update of that name. */
const isAccepted = (run: string, name: string): Promise<boolean> =>
  withClient(temporal, async (client) => {
    const { events } = await client.workflow.getHandle(run).fetchHistory();
    return (events ?? []).some(
      ({ workflowExecutionUpdateAcceptedEventAttributes: taken }) => taken?.acceptedRequest?.input?.name === name,
    );
  });
const finishing = (plain: number, lifting: number): Row => ({ finish: plain, 'finish --release-freeze': lifting });

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
    await bench.until('asks-1', ({ undecided }) => /decision is to stop here/.test(undecided[0]?.sentence ?? ''));
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
    await meets(place, { ...ended, rollback: 0, run: 4 }, ['finish']);
    await follow(await bench.rowproof('status', place.run), 'finish');
    await meets(place, { status: 4, report: 4, ...refusedAfterEnd, run: 4, rollback: 4, ...finishing(4, 4) });
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
    const onPage = await page.updates(place.run);
    await release();
    const [first, ...rest] = printedBy(shown).filter(([verb]) => verb === 'resolve') as [string[], ...string[][]];
    for (const words of rest)
      expect(refusalOf(words, await runPrinted(words, { cwd: elsewhere(), env: bench.env }))).toBeNull();
    // the same as JSON, as the page of the run prints it
    const update = onPage.find(({ name, message }) => name === 'resolve' && message['what'] === first[1]);
    expect(await page.send(place.run, update)).toBe('1 blocked batch: retry.');
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
  });
});

describe('a run that was stopped in the copy', () => {
  const asks = async (place: TinyPlace): Promise<CommandResult> => {
    expect((await bench.rowproof('abort', place.run, ...signed)).code).toBe(0);
    await bench.until(place.run, ({ gate }) => gate !== null);
    return bench.rowproof('status', place.run);
  };

  test('by abort asks, and with the approval that is printed goes on where it was, or is undone', async () => {
    const place = bench.place('aborted');
    const release = await blockBatches(place);
    const shown = await asks(place);
    await meets(
      place,
      { ...looks, ...omit(refusedWhileOpen, 'approve retry', 'approve rollback'), abort: 4, watch: null },
      ['approve'],
    );
    expect(printedBy(shown).map(([verb, gate]) => `${verb} ${gate}`)).toEqual(
      expect.arrayContaining(['approve rollback', 'approve retry', 'approve keep']),
    );
    await follow(shown, 'approve retry');
    await bench.until(place.run, ({ gate, blocked }) => gate === null && blocked.length > 0);
    const again = await asks(place);
    await release();
    await follow(again, 'approve rollback');
    const undone = await bench.rowproof('watch', place.run);
    expect([undone.code, undone.stdout]).toEqual([1, expect.stringContaining('Rolled back')]);
    expect(await place.target.query('select 1 from public.d')).toEqual([]);
  });

  test('by Terminate says so, and goes on with the command that is printed', async () => {
    const place = bench.place('ended');
    const release = await blockBatches(place);
    await withClient(temporal, (client) => client.workflow.getHandle(place.run).terminate('test'));
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 1, ...finishing(5, 0) }, ['run', 'rollback']);
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(/its workflow is closed \(terminated\); last phase copy/);
    await release();
    await follow(shown, 'run');
    expect((await bench.rowproof('watch', place.run)).code).toBe(0);
  });

  test('by Cancel is undone with the command that is printed, also where a first rollback fails in the middle', async () => {
    const place = bench.place('killed');
    const release = await blockBatches(place);
    await withClient(temporal, (client) => client.workflow.getHandle(place.run).cancel());
    await eventually(async () => (await bench.status(place.run)) === null);
    await release();
    const ended = { ...looks, ...refusedAfterEnd, watch: 1, ...finishing(5, 0) };
    await meets(place, ended, ['run', 'rollback']);
    await place.target.query(`create function public.hinder() returns trigger language plpgsql as
        'begin raise exception ''hindered''; end';
      create trigger hinder before update on rowproof.step for each row execute function public.hinder()`);
    const failed = await bench.rowproof('rollback', place.run, ...signed);
    expect([failed.code, failed.stderr]).toEqual([5, expect.stringContaining('RP7010')]);
    expect(printedBy(failed).map(([verb]) => verb)).toEqual(expect.arrayContaining(['rollback', 'report']));
    await meets(place, { ...ended, run: 4, 'run PLAN': 4 }, ['rollback']);
    await place.target.query('drop trigger hinder on rowproof.step');
    const came = await follow(failed, 'rollback');
    expect(came.stdout).toMatch(/Rolled back/);
    expect(await place.target.query('select 1 from public.d')).toEqual([]);
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
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 1, run: 4 }, ['run', 'finish']);
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
    const back = await bench.rowproof('rollback', place.run, ...signed);
    expect([back.code, back.stdout]).toEqual([0, expect.stringContaining('Rolled back: 0 steps undone')]);
    const forgotten = await follow(status, `finish ${place.run}`);
    expect(forgotten.stdout).toContain(`${place.run} is finished`);
    await follow(check, `run ${place.file}`);
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
    // it stays at the beginning for a while: nothing can be looked up, and nothing is done yet
    const deferred = new Postgres({ connectionString: place.target.url });
    locks.push(deferred);
    await deferred.connect();
    await deferred.query('begin; lock table rowproof.run in access exclusive mode');
    bench.start(...(words as string[]));
    const early = await bench.rowproof('decide', badRow, 'quarantine', '--run', place.run, ...signed);
    expect([early.code, early.stderr]).toEqual([4, expect.stringContaining('is still being opened; send the command')]);
    expect((await bench.rowproof('rollback', place.run, ...signed)).code).toBe(4);
    expect((await bench.rowproof('finish', place.run)).code).toBe(4);
    const aborting = bench.rowproof('abort', place.run, '--then', 'ask', ...signed);
    const accepted = eventually(() => isAccepted(place.run, 'abort'));
    await Promise.race([aborting, accepted]);
    await deferred.query('rollback');
    const aborted = await aborting;
    expect([aborted.code, aborted.stderr]).toEqual([0, '']);
    // nothing is written yet: it ends
    const stopped = await eventually(async () => {
      const status = await bench.rowproof('status', place.run);
      return status.stdout.includes('Aborted by ben') && printedBy(status).length > 0 ? status : null;
    });
    await follow(stopped, 'run quiet-1');
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
    const worker = spawn(process.execPath, [other.binary, 'worker', '--plans', join(bench.folder, 'plans')], {
      cwd: bench.folder,
      env: bench.env,
      stdio: 'ignore',
    });
    try {
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
      await follow(await bench.rowproof('finish', place.run), `abort ${place.run} --then rollback`);
      const undone = await bench.rowproof('watch', place.run);
      // nothing was written: there is nothing to undo
      expect([undone.code, undone.stdout]).toEqual([1, expect.stringContaining('Aborted by YOU: WHY')]);
    } finally {
      worker.kill('SIGKILL');
      other.remove();
    }
  });
});

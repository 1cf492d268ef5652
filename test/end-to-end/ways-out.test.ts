import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Client as Postgres } from 'pg';
import { openFolder } from '../support/open-folder';
import { printedCommands, refusalOf, runPrinted } from '../support/printed-commands';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { badRow, createTinyBench, type TinyBench, type TinyPlace, type TinyPlan } from '../support/tiny-places';
import { binary, eventually, withClient } from '../support/workbench';
import type { CommandResult } from '../support/command';

/**
 * States × commands, by the real binary. Each state is met by every command: its exit code is the one of the table in docs/operations.md,
 * and what a refusal or a screen prints as a command is run as printed and is not refused.
 */

const signed = ['--by', 'ben', '--reason', 'because'];
const small = [1, 2, 3, 4, 5].map((n) => `t${n}`);
const smallPlan: TinyPlan = {
  tables: small.map((name) => `  public.${name}: { from: public.${name}, columns: "*" }`).join('\n'),
  decisions: `  "*": { do: quarantine, expect: { rows: 3 }, because: known, by: ana }`,
  source: small
    .map((name, at) => {
      const bad = at % 2 === 0 && at < 4 ? "'seven'" : "'7'";
      return `create table public.${name} (id integer primary key, v text); insert into public.${name} values (1, ${bad});`;
    })
    .join(' '),
  target: small.map((name) => `create table public.${name} (id integer primary key, v integer);`).join(' '),
};
const live = { head: 'capture: triggers', settings: 'on_failure: ask, cutover: { max_freeze: 60s }' };
const stuck = { settings: 'gates: [copy], on_failure: ask, lock_timeout: 200ms' };

jest.setTimeout(600_000);

let temporal: TestTemporal;
let bench: TinyBench;
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
  bench.worker();
});
afterAll(async () => {
  await Promise.all(locks.map((one) => one.end().catch(() => undefined)));
  await bench?.close();
  await temporal?.stop();
});

const elsewhere = (): string => openFolder('rowproof-elsewhere-');
/** Runs a plan up to its gate, then lets the copy begin while nobody can write into quarantine: batches with a bad row are blocked. */
async function blockBatches(place: TinyPlace): Promise<() => Promise<void>> {
  const first = await bench.rowproof('run', place.file);
  expect([first.code, first.stderr]).toEqual([7, expect.any(String)]);
  const client = new Postgres({ connectionString: place.target.url });
  client.on('error', () => undefined);
  await client.connect();
  locks.push(client);
  await client.query('begin; lock table rowproof.quarantine in exclusive mode');
  await follow(first, 'approve copy');
  await bench.until(place.run, ({ blocked }) => blocked.length > 0);
  return async () => {
    await client.query('rollback');
  };
}

/** Every command of a run, as somebody may send it who does not know the state; those that would change it are left out by `except`. */
function allCommands(place: TinyPlace, code: string): Record<string, string[]> {
  const { run } = place;
  return {
    status: ['status', run],
    report: ['report', run],
    quarantine: ['quarantine', run],
    decide: ['decide', 'd.nothing.orphan', 'quarantine', ...signed, '--run', run],
    resolve: ['resolve', 'd:99', 'retry', ...signed, '--run', run],
    'approve copy': ['approve', 'copy', '--code', code, ...signed, '--run', run],
    'approve switch': ['approve', 'switch', '--code', code, ...signed, '--run', run],
    'approve retry': ['approve', 'retry', '--code', code, ...signed, '--run', run],
    'approve rollback': ['approve', 'rollback', '--code', code, ...signed, '--run', run],
    cutover: ['cutover', run, '--code', code, ...signed],
    drill: ['cutover', run, '--drill', ...signed],
    pause: ['pause', run, ...signed],
    resume: ['resume', run, ...signed],
    abort: ['abort', run, '--then', 'keep', ...signed],
    rollback: ['rollback', run, ...signed],
    finish: ['finish', run],
    'finish --lift-freeze': ['finish', run, '--lift-freeze'],
    run: ['run', run],
    'run PLAN': ['run', place.file],
    watch: ['watch', run],
  };
}

/** Exit codes by command: 0 what is taken, null what goes on until it is stopped, 4, 5, 6 what is refused, 7 what waits for a person. */
type Row = Record<string, number | null>;

/** Runs the commands that a row names, then what they print; commands that are `taken` are left to the test that sees them work. */
async function meets(place: TinyPlace, row: Row, taken: readonly string[] = []): Promise<void> {
  const commands = allCommands(place, await codeInLedger(place));
  const seen: Row = {};
  const said: string[] = [];
  const printed = new Map<string, string[]>();
  const meet = async (name: string): Promise<void> => {
    const result = await runPrinted(commands[name] as string[], { cwd: bench.folder, env: bench.env });
    seen[name] = result.code;
    if (result.code !== row[name]) said.push(`${name}: ${result.stderr}${result.stdout}`);
    for (const words of printedBy(result)) printed.set(words.join(' '), words);
  };
  const alone = ['pause', 'resume'].filter((name) => name in row);
  const others = Object.keys(row).filter((name) => !alone.includes(name));
  for (const group of chunks(others, 3)) await Promise.all(group.map(meet));
  for (const name of alone) await meet(name);
  expect([seen, said]).toEqual([row, []]);
  const untried = [...printed.values()].filter(
    (words) => !taken.some((one) => words.join(' ').startsWith(one)) && !isTried(words, row, commands),
  );
  const refused: (string | null)[] = [];
  for (const group of chunks(untried, 3)) {
    const run = async (words: string[]): Promise<string | null> =>
      refusalOf(words, await runPrinted(words, { cwd: elsewhere(), env: bench.env }));
    refused.push(...(await Promise.all(group.map(run))));
  }
  expect(refused.filter((one) => one !== null)).toEqual([]);
}

/** Runs the command that a screen prints and that begins so; fails when none does. */
async function follow(result: CommandResult, begins: string): Promise<CommandResult> {
  const words = printedBy(result).find((one) => one.join(' ').startsWith(begins));
  expect([begins, words?.slice(0, 1), `${result.stdout}${result.stderr}`]).toEqual([
    begins,
    begins.split(' ').slice(0, 1),
    expect.any(String),
  ]);
  const came = await runPrinted(words as string[], { cwd: elsewhere(), env: bench.env });
  expect(refusalOf(words as string[], came)).toBeNull();
  return came;
}

/** A command that the row itself has run, apart from who signs it. */
function isTried(words: readonly string[], row: Row, commands: Record<string, string[]>): boolean {
  const bare = (all: readonly string[]): string =>
    JSON.stringify(
      all.filter(
        (word, at) => !['--by', '--reason'].includes(word) && !['--by', '--reason'].includes(all[at - 1] ?? ''),
      ),
    );
  return Object.entries(commands).some(
    ([name, one]) => bare(one) === bare(words) && [0, 7, null].includes(row[name] ?? -1),
  );
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

async function codeInLedger({ target, run }: TinyPlace): Promise<string> {
  const rows = await target
    .query<{ digest: string }>('select digest from rowproof.run where run = $1', [run])
    .catch(() => []);
  const digest = rows[0]?.digest ?? '0000000000';
  return `${digest.slice(0, 4)}-${digest.slice(4, 8)}`;
}

const printedBy = ({ stdout, stderr }: CommandResult): string[][] => printedCommands(`${stdout}\n${stderr}`);

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
    await meets(place, { ...ended, watch: 0, rollback: 0, run: 4 }, ['finish']);
    await follow(await bench.rowproof('status', place.run), 'finish');
    await meets(place, { status: 4, report: 4, quarantine: 4, pause: 4, decide: 4, abort: 4, run: 4, rollback: 4 });
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
      'finish moved-1 --lift-freeze',
    ]);
    expect(await writes(place)).toBe('25006');
    const finished = await follow(complete, 'finish moved-1 --lift-freeze');
    expect(finished.stdout).toMatch(/s takes writes again; nothing carries them over/);
    expect(await writes(place)).toBe('done');
  });

  test('is freed by the command that is printed where it was left frozen under a target that is not open, and goes on', async () => {
    const place = bench.place('frozen');
    const waits = await atTheGate(place);
    const held = new Postgres({ connectionString: place.target.url });
    locks.push(held);
    await held.connect();
    await held.query('begin; lock table public.d in access share mode');
    await follow(waits, 'cutover frozen-1 --code');
    await bench.until(place.run, ({ sentence }) => /opening the target|could not be opened/.test(sentence));
    expect((await bench.rowproof('abort', place.run, '--then', 'keep', ...signed)).code).toBe(0);
    await eventually(async () => (await bench.status(place.run)) === null);
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 1 }, [
      'run',
      'rollback',
      'finish frozen-1 --lift-freeze',
    ]);
    expect(await writes(place)).toBe('25006');
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(/Writers of s are still stopped/);
    await held.query('rollback');
    const freed = await follow(shown, 'finish frozen-1 --lift-freeze');
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
      'alter table public.d disable trigger all; delete from public.d where id = 3; alter table public.d enable always trigger all',
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
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 1, rollback: 5, finish: 4 }, [
      'run',
      'finish opened-1 --lift-freeze',
    ]);
    const closed = await bench.rowproof('status', place.run);
    expect(closed.stdout).toMatch(/failed: The target is open, but .*cannot be rolled back/);
    await follow(closed, 'run opened-1');
    await bench.until(place.run, ({ gate }) => gate === 'switch');
    await follow(await bench.rowproof('status', place.run), 'approve switch');
    await bench.until(place.run, ({ gate }) => gate === 'retry');
    await follow(await bench.rowproof('status', place.run), 'approve keep');
    await eventually(async () => (await bench.status(place.run)) === null);
    await follow(await bench.rowproof('status', place.run), 'finish opened-1 --lift-freeze');
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
      return status.stdout.includes('complete') ? status : null;
    });
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
      { status: 0, pause: 0, resume: 0, decide: 6, 'approve copy': 6, cutover: 6, drill: 6, finish: 4 },
      ['watch', 'worker', 'abort'],
    );
    const shown = await bench.rowproof('status', place.run);
    expect(shown.stdout).toMatch(
      /quiet-1 is open, and no worker polls its task queue nobody: it waits until one does\./,
    );
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

/** The product as it is built, but for the order of its workflows: a release that changed them. */
function otherVersion(): { readonly binary: string; remove(): void } {
  const built = resolve(dirname(binary), '..', '..');
  const folder = mkdtempSync(join(dirname(built), 'dist-next-'));
  cpSync(built, folder, { recursive: true });
  const bundle = join(folder, 'workflow-bundle.js');
  const code = readFileSync(bundle, 'utf8');
  const step = 'await control.startPhase(run.ref, name);';
  writeFileSync(bundle, code.replaceAll(step, `${step} ${step}`));
  return {
    binary: join(folder, 'src', 'cli', 'main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const looks: Row = { status: 0, report: 0, quarantine: 0 };
const refusedWhileOpen: Row = {
  decide: 4,
  resolve: 4,
  'approve switch': 4,
  'approve retry': 4,
  'approve rollback': 4,
  cutover: 4,
  drill: 4,
  rollback: 4,
  finish: 4,
  'finish --lift-freeze': 4,
  run: 4,
  'run PLAN': 4,
};
const refusedAfterEnd: Row = {
  decide: 4,
  resolve: 4,
  'approve copy': 4,
  cutover: 4,
  drill: 4,
  pause: 4,
  resume: 4,
  abort: 4,
};

function omit(row: Row, ...names: string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

import { Client as Postgres } from 'pg';
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
  someRefusedAfterEnd,
  stateTable,
  type StateTable,
} from '../../support/state-table';
import { startTemporal, type TestTemporal } from '../../support/temporal';
import { createTinyBench, type TinyBench, type TinyPlace } from '../../support/tiny-places';
import { eventually, withClient } from '../../support/workbench';
import type { CommandResult } from '../../support/command';

/**
 * States × commands of runs that freeze their source, as in ways-out.test.ts: at the gate of the cutover, between freeze and opening, with
 * an open target, and with a freeze that was lifted too early.
 */

const live = { head: 'capture: triggers', settings: 'on_failure: ask, cutover: { max_freeze: 60s }' };

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
    moved: { ...live },
    opened: { ...live, settings: 'on_failure: ask, cutover: {max_freeze: 60s, confirm_switch: true, books: aligned}' },
    frozen: { ...live },
    released: { settings: 'pattern: big_bang, on_failure: ask' },
    byhand: { settings: 'pattern: big_bang, on_failure: ask' },
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
    expect(waits.stdout).toContain('cutover moved-1 --code');
    // the settings of a drill that went well are offered for the cutover itself
    const terms = ['--max-freeze', '30s', '--books', 'aligned'];
    expect((await bench.rowproof('cutover', place.run, '--drill', ...terms, ...signed)).code).toBe(0);
    const offers = printedBy(await bench.rowproof('status', place.run)).filter((words) => words.includes('aligned'));
    const drills = (words: readonly string[]): boolean => words.includes('--drill');
    expect(offers.map((words) => [drills(words), ...words.slice(-4)])).toEqual(
      [false, true].map((one) => [one, ...terms]),
    );
    const offer = offers.find((words) => !drills(words)) as string[];
    expect(refusalOf(offer, await runPrinted(offer, { cwd: elsewhere(), env: bench.env }))).toBeNull();
    const complete = await bench.rowproof('watch', place.run);
    expect(complete.code).toBe(0);
    await meets(place, { ...looks, ...refusedAfterEnd, watch: 0, run: 4, rollback: 5, finish: 4 }, [
      'finish moved-1 --release-freeze',
    ]);
    expect(await writes(place)).toBe('25006');
    const finished = await follow(complete, 'finish moved-1 --release-freeze');
    expect(finished.stdout).toMatch(/s takes writes again; nothing copies them to the target/);
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
    const [approval, drill] = await page.updates(place.run);
    expect(await page.send(place.run, drill)).toMatch(/^Writers waited/);
    expect(await page.send(place.run, approval)).toBe('cutover approved by ben.');
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
    expect(await page.send(place.run, (await page.updates(place.run))[0])).toBe('switch approved by ben.');
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

describe('a run of big_bang whose freeze was released before its target was opened', () => {
  const atTheGate = async (place: TinyPlace): Promise<void> => {
    expect((await bench.rowproof('run', place.file)).code).toBe(7);
    await bench.until(place.run, ({ gate }) => gate === 'cutover');
  };

  test('by finish --release-freeze can only be undone, and every command that it prints leads there', async () => {
    const place = bench.place('released');
    await atTheGate(place);
    const row = { ...looks, ...omit(refusedWhileOpen, 'cutover'), watch: null, pause: 0, resume: 0 };
    await meets(place, row, ['cutover', 'approve cutover', 'abort']);
    await withClient(temporal, (client) => client.workflow.getHandle(place.run).cancel());
    await eventually(async () => (await bench.status(place.run)) === null);
    const ended = { ...looks, ...refusedAfterEnd, watch: 1, finish: 4 };
    await meets(place, ended, ['run', 'rollback', 'finish released-1 --release-freeze']);
    const freed = await follow(await bench.rowproof('status', place.run), 'finish released-1 --release-freeze');
    expect(freed.stdout).toMatch(/Writers of s are free/);
    await place.source.query('update public.d set v = v where id = 1');
    const now = await bench.rowproof('status', place.run);
    expect(now.stdout).not.toContain('still stopped');
    expect(printedBy(now).map(([verb]) => verb)).toEqual(['rollback']);
    await meets(place, { ...ended, finish: 5, 'finish --release-freeze': 0 }, ['rollback']);
    const asked = await bench.rowproof('run', place.run);
    expect([asked.code, asked.stdout]).toEqual([7, expect.stringContaining('Only a rollback is possible')]);
    await follow(asked, 'approve keep');
    await eventually(async () => (await bench.status(place.run)) === null);
    const back = await follow(await bench.rowproof('status', place.run), 'rollback');
    expect(back.stdout).toMatch(/Rolled back/);
    expect(await place.target.query('select 1 from public.d')).toEqual([]);
  });

  test('by hand is not opened: its cutover asks, and is undone by the JSON on its page', async () => {
    const place = bench.place('byhand');
    await atTheGate(place);
    const triggers = await place.source.query<{ tgname: string }>(
      `select tgname from pg_trigger where tgrelid = 'public.d'::regclass and not tgisinternal`,
    );
    for (const { tgname } of triggers) await place.source.query(`drop trigger "${tgname}" on public.d`);
    await place.source.query('update public.d set v = v where id = 1');
    await follow(await bench.rowproof('status', place.run), 'approve cutover');
    await bench.until(place.run, ({ gate }) => gate === 'rollback');
    const [approval] = await page.updates(place.run);
    expect(await page.send(place.run, approval)).toBe('rollback approved by ben.');
    const undone = await bench.rowproof('watch', place.run);
    expect([undone.code, undone.stdout]).toEqual([1, expect.stringContaining('Rolled back')]);
    expect(await place.target.query('select 1 from public.d')).toEqual([]);
  });
});

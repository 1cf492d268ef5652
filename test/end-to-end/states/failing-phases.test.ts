import { Client as Postgres } from 'pg';
import { looks, refusedWhileOpen, someRefusedAfterEnd, stateTable, type StateTable } from '../../support/state-table';
import { startTemporal, type TestTemporal } from '../../support/temporal';
import { createTinyBench, type TinyBench, type TinyPlace } from '../../support/tiny-places';
import { eventually } from '../../support/workbench';

/** One run that follows its source, held up and failing in one phase after the other: in each state its commands and what they print lead on. */

jest.setTimeout(600_000);
let temporal: TestTemporal;
let bench: TinyBench;
let meets: StateTable['meets'];
let follow: StateTable['follow'];
const sessions: Postgres[] = [];

beforeAll(async () => {
  temporal = await startTemporal();
  bench = await createTinyBench(temporal, {
    phases: {
      head: 'capture: triggers',
      settings: 'on_failure: ask, cutover: { max_freeze: 60s }',
      decisions: null,
      target: 'create table public.hindered (phase text, how text);',
    },
    swapped: {
      head: 'capture: triggers',
      settings: 'on_failure: ask, cutover: { max_freeze: 60s }',
      decisions: null,
      target: 'create table public.hindered (phase text, how text);',
    },
  });
  ({ meets, follow } = stateTable(bench));
  bench.worker();
});
afterAll(async () => {
  await Promise.all(sessions.map((one) => one.end().catch(() => undefined)));
  await bench?.close();
  await temporal?.stop();
});

/** From here on a phase that is named in public.hindered fails as it begins or ends, or waits for advisory lock 42. */
async function hinder({ target }: TinyPlace): Promise<(phase: string, how: 'fails' | 'waits') => Promise<void>> {
  await target.query(`create function public.hinder() returns trigger language plpgsql as $$
    begin
      if exists (select from public.hindered h where h.phase = new.phase and h.how = 'fails') then raise exception 'hindered'; end if;
      if exists (select from public.hindered h where h.phase = new.phase) then perform pg_catalog.pg_advisory_xact_lock_shared(42); end if;
      return new;
    end $$;
    create trigger hinder before insert or update on rowproof.phase for each row execute function public.hinder()`);
  return async (phase, how) => {
    await target.query(`delete from public.hindered`);
    await target.query(`insert into public.hindered values ($1, $2)`, [phase, how]);
  };
}

test('A run that fails in any phase says so, refuses what does not lead on, and goes on with what is printed', async () => {
  const place = bench.place('phases');
  const waits = await bench.rowproof('run', place.file);
  expect(waits.code).toBe(7);
  const next = await hinder(place);

  // nothing is written yet: it ends, and another workflow goes on from the ledger
  await next('discovery', 'fails');
  await follow(waits, 'decide');
  await eventually(async () => (await bench.status(place.run)) === null);
  await meets(place, { ...looks, ...someRefusedAfterEnd, watch: 1 }, ['run', 'rollback']);
  const failed = await bench.rowproof('status', place.run);
  await next('prepare', 'waits');
  const deferred = new Postgres({ connectionString: place.target.url });
  sessions.push(deferred);
  await deferred.connect();
  await deferred.query('select pg_advisory_lock(42)');
  await follow(failed, 'run');
  await bench.until(place.run, ({ phase, state }) => phase === 'prepare' && state === 'running');
  await meets(place, { ...looks, ...refusedWhileOpen, 'approve copy': 4, watch: null, pause: 0, resume: 0 }, ['abort']);

  await next('prepare', 'fails');
  await deferred.query('select pg_advisory_unlock(42)');
  // what was held up goes through: the phase fails as it ends
  const after = ['capture', 'copy', 'delta', 'settle', 'finish', 'proof', 'cutover', ''];
  let phase = 'prepare';
  for (const following of after) {
    const asks = await bench.until(place.run, ({ gate }) => gate === 'rollback');
    // the gate of the cutover did not come up, so the page shows what was before it
    expect([asks.phase, asks.state]).toEqual([phase === 'cutover' ? 'proof' : phase, 'waiting']);
    const row = { status: 0, report: 0, decide: 4, cutover: 4, abort: 4, rollback: 4, finish: 4, run: 4 };
    await meets(place, row, ['approve', 'watch']);
    const shown = await bench.rowproof('status', place.run);
    await next(following, 'fails');
    await follow(shown, 'approve retry');
    await bench.until(place.run, ({ gate, phase: now }) => gate !== 'rollback' || now !== phase);
    phase = following;
  }
  await bench.until(place.run, ({ gate }) => gate === 'cutover');
  await follow(await bench.rowproof('status', place.run), `cutover ${place.run} --code`);
  expect((await bench.rowproof('watch', place.run)).code).toBe(0);
});

test('A table that is replaced on the source before the run settles stops the capture; once it is repaired the run goes on', async () => {
  const place = bench.place('swapped');
  const waits = await bench.rowproof('run', place.file);
  const next = await hinder(place);
  await next('settle', 'waits');
  const deferred = new Postgres({ connectionString: place.target.url });
  sessions.push(deferred);
  await deferred.connect();
  await deferred.query('select pg_advisory_lock(42)');
  await follow(waits, 'decide');
  await bench.until(place.run, ({ phase }) => phase === 'settle');
  await place.source
    .query(`begin; alter table public.d rename to d_before; create table public.d (like public.d_before including all);
    insert into public.d select * from public.d_before; update public.d set v = '800' where id = 8; drop table public.d_before; commit`);
  await next('', 'fails');
  await deferred.query('select pg_advisory_unlock(42)');
  await bench.until(place.run, ({ blocked }) => blocked.some(({ what }) => what === 'capture'));
  await follow(await bench.rowproof('status', place.run), 'resolve capture resync');
  await bench.until(place.run, ({ gate }) => gate === 'cutover');
  expect(await place.target.query('select v from public.d where id = 8')).toEqual([{ v: 800 }]);
  await follow(await bench.rowproof('status', place.run), `cutover ${place.run} --code`);
  expect((await bench.rowproof('watch', place.run)).code).toBe(0);
});

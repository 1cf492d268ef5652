import { createDatabases } from '../../../src/postgres/databases';
import { openProxy, type Proxy } from '../copy/tcp-proxy';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';
import { createCaptureActivities } from '../../../activities/capture';

let run: CaptureRun;
let proxy: Proxy;
let capture: CaptureRun['capture'];

beforeEach(async () => {
  run = await openCaptureRun({
    source: 'create table item (id int primary key, v text)',
    mappings: [mappingOf('item', ['id', 'v'])],
    settings: { maxChangeLogBytes: 300_000 },
  });
  await run.capture.installCapture(run.ref);
  proxy = await openProxy(run.target.url, {});
  const databases = createDatabases({
    env: { SOURCE_URL: run.source.url, TARGET_URL: proxy.url },
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
  });
  capture = createCaptureActivities({ databases, signal: () => undefined, heartbeat: () => undefined });
});

afterEach(async () => {
  proxy?.close();
  await run?.drop();
});

const write = (rows: number): Promise<unknown> =>
  run.source.query(`insert into item select g, 'a' from generate_series(1, ${rows}) g
    on conflict (id) do update set v = item.v || 'b'`);
const triggers = (): Promise<unknown[]> =>
  run.source.query(`select from pg_trigger where tgname like 'rowproof%' and not tgisinternal`);

describe('while the target cannot be reached', () => {
  it('the change log is bounded on the source alone; the lease stops by that name when the target is back, until a resync', async () => {
    expect(await capture.monitorCapture({ ref: run.ref })).toMatchObject({ asked: true, over: false, warnings: [] });
    proxy.close();
    await write(10);
    const small = await capture.monitorCapture({ ref: run.ref });
    expect(small).toMatchObject({ asked: false, over: false });
    expect(small.warnings).toEqual([expect.stringContaining('on the sources alone')]);
    expect(await triggers()).toHaveLength(2);
    await write(5000);
    await expect(capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5309' });
    expect(await triggers()).toEqual([]);
    expect(await run.source.query(`select from ${run.changes}`)).toEqual([]);
    // nobody captures this
    await run.source.query(`update item set v = 'unseen' where id = 1`);
    expect(await run.target.query(`select distinct state from rowproof.apply_lease`)).toEqual([{ state: 'open' }]);
    expect((await run.round()).stop).toMatch(/reached its limit of 0 MB while the target could not be reached/);
    expect(await run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'target is back' })).toEqual({
      relations: 1,
    });
    expect((await run.round()).stop).toBeNull();
    expect(await run.target.query('select key from rowproof.pending')).toEqual([{ key: null }]);
  });

  it('a process that never saw the run says why it can watch nothing', async () => {
    proxy.close();
    await expect(capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP3001' });
  });
});

describe('watchers of one run', () => {
  it('give way to the one that began last, and end when nothing is left to watch', async () => {
    const one = { name: 'crm-1-capture-1', begin: true };
    const other = { name: 'crm-1-capture-2', begin: true };
    expect(await capture.monitorCapture({ ref: run.ref, watcher: one })).toMatchObject({ over: false });
    expect(await capture.monitorCapture({ ref: run.ref, watcher: other })).toMatchObject({ over: false });
    expect(await capture.monitorCapture({ ref: run.ref, watcher: { ...one, begin: false } })).toMatchObject({
      over: true,
    });
    const goesOn = { ...other, begin: false };
    expect(await capture.monitorCapture({ ref: run.ref, watcher: goesOn })).toMatchObject({ over: false });
    await run.capture.removeCapture(run.ref);
    expect(await capture.monitorCapture({ ref: run.ref, watcher: goesOn })).toMatchObject({ over: true });
    await run.target.query('drop schema rowproof cascade');
    expect(await capture.monitorCapture({ ref: run.ref, watcher: goesOn })).toMatchObject({ over: true });
  });

  it('bound what an installation left that did not come to its end', async () => {
    await write(5000);
    await run.target.query('delete from rowproof.cursor');
    await expect(capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5309' });
    expect(await triggers()).toEqual([]);
  });
});

it('a resync whose cursor does not move fails by name and leaves following stopped', async () => {
  await write(5000);
  await expect(capture.monitorCapture({ ref: run.ref })).rejects.toMatchObject({ code: 'RP5309' });
  await run.source.query(`drop table ${run.changes}`);
  await run.target.query(`create function keep() returns trigger language plpgsql as 'begin
      if new.snapshot <> old.snapshot then return null; end if; return new; end';
    create trigger keep before update on rowproof.cursor for each row execute function keep()`);
  await expect(run.capture.resyncCapture({ ref: run.ref, by: 'ann', reason: 'again' })).rejects.toMatchObject({
    code: 'RP5312',
  });
  expect(await run.target.query('select distinct state from rowproof.apply_lease')).toEqual([{ state: 'stopped' }]);
  expect(await run.target.query('select from rowproof.pending')).toEqual([]);
});

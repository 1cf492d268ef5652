import { openValidationRun, type ValidationRun } from './validation-run';
import { openCopyRun, type CopyRun } from '../copy/copy-run';
import { migrateApart } from '../../support/migrate-apart';
import { createDiscoveryActivities } from '../../../activities/discovery';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const columns = [{ target: 'id' }, { target: 'body' }, { target: 'raw' }, { target: 'doc' }];

/** A run whose discovery is done as well, before what is copied is proved. */
async function proved(source: string, target: string): Promise<ValidationRun> {
  const opened = await openValidationRun({
    source,
    target,
    mappings: [{ name: 'items', columns }],
    settings: { profile: 'full' },
  });
  run = opened;
  const discovery = createDiscoveryActivities({
    databases: opened.databases,
    signal: () => undefined,
    heartbeat: () => undefined,
  });
  await discovery.profileMapping({ ref: opened.ref, mapping: 'items' });
  await discovery.tryTargetRules(opened.ref);
  return opened;
}

const table = 'create table items (id int primary key, body text, raw bytea, doc json)';

test('Values of 100 MB are profiled, copied and proved', async () => {
  const { target, validate } = await proved(
    `${table}; insert into items values
      (1, repeat('x', 100000000), decode(repeat('00ff10ab', 25000000), 'hex'), null),
      (2, repeat('ä€', 20000000), ''::bytea, to_json(repeat('json ', 8000000))),
      (3, 'small', '\\x00', '{"a": 1}')`,
    table,
  );
  expect(await validate()).toMatchObject({ green: true, problems: [] });
  const [profile] = await target.query<{ body: { longest: number; bytes: number }; raw: { longest: number } }>(
    `select columns -> 1 as body, columns -> 2 as raw from rowproof.profile`,
  );
  expect(profile).toMatchObject({ body: { longest: 100_000_000, bytes: 200_000_005 }, raw: { longest: 200_000_002 } });
  const sizes =
    'select id, octet_length(body) as body, octet_length(raw) as raw, octet_length(doc::text) as doc from items order by id';
  expect(await target.query(sizes)).toEqual([
    { id: 1, body: 100_000_000, raw: 100_000_000, doc: null },
    { id: 2, body: 100_000_000, raw: 0, doc: 40_000_002 },
    { id: 3, body: 5, raw: 1, doc: 8 },
  ]);
});

test('A process that discovers, copies and proves values of 200 MB needs less than 300 MB of memory', async () => {
  run = await openCopyRun({
    source: `${table}; insert into items values
      (1, repeat('text', 50000000), null, null), (2, null, decode(repeat('00ff10ab', 50000000), 'hex'), null)`,
    target: table,
    mappings: [{ name: 'items', columns }],
  });
  const { source, target, ref } = run;
  const { peak, ...verdict } = await migrateApart(ref, 'items', { source: source.url, target: target.url });
  expect(verdict).toEqual({ green: true, problems: [] });
  expect(
    await target.query('select id, octet_length(body) as body, octet_length(raw) as raw from items order by id'),
  ).toEqual([
    { id: 1, body: 200_000_000, raw: null },
    { id: 2, body: null, raw: 200_000_000 },
  ]);
  expect(peak).toBeLessThan(300_000_000);
});

test('One byte that differs in a large value is a difference of its column', async () => {
  const { target, validate } = await proved(
    `${table}; insert into items select g, repeat('x', 300000), decode(repeat('ff', 300000), 'hex'), to_json(repeat('y', 300000)) from generate_series(1, 4) g`,
    table,
  );
  expect(await validate()).toMatchObject({ green: true });
  await target.query(`update items set body = overlay(body placing 'y' from 299999) where id = 1;
    update items set raw = set_byte(raw, 0, 0) where id = 2; update items set doc = to_json(repeat('y', 300001)) where id = 3`);
  expect(await validate()).toMatchObject({ green: false });
  expect(await target.query(`select class, column_name from rowproof.difference order by column_name`)).toEqual([
    { class: 'mismatch', column_name: 'body' },
    { class: 'mismatch', column_name: 'doc' },
    { class: 'mismatch', column_name: 'raw' },
  ]);
});

test('A row that is too large to travel is found before anything is written, and stays behind', async () => {
  const opened = await openValidationRun({
    source: `${table}; insert into items values (1, repeat('x', 600000000), null, null), (2, 'small', '\\x00', null);
      update items set raw = decode(repeat('00', 450000000), 'hex') where id = 1`,
    target: table,
    mappings: [{ name: 'items', columns }],
    decisions: [{ finding: 'items.body.too_large', do: 'quarantine', expect: null, because: 'known', by: 'ana' }],
  });
  run = opened;
  const discovery = createDiscoveryActivities({
    databases: opened.databases,
    signal: () => undefined,
    heartbeat: () => undefined,
  });
  await discovery.profileMapping({ ref: opened.ref, mapping: 'items' });
  expect(await opened.target.query('select id, column_name, rows::int as rows from rowproof.finding')).toEqual([
    { id: 'items.body.too_large', column_name: 'body', rows: 1 },
  ]);
  expect(
    await opened.target.query('select path, migrated::int as migrated, quarantined::int as bad from rowproof.batch'),
  ).toEqual([{ path: 'fast', migrated: 1, bad: 1 }]);
  expect(await opened.validate()).toMatchObject({ green: true, problems: [] });
});

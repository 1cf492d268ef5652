import type { RowproofError } from '../../../src/errors/rowproof-error';
import { createDatabases } from '../../../src/postgres/databases';
import { ownCluster } from '../../support/postgres/own-cluster';
import { mappingOf, openLogicalRun, type LogicalRun } from './logical-run';
import { createCaptureActivities } from '../../../activities/capture';

let cluster: Awaited<ReturnType<typeof ownCluster>>;
let run: LogicalRun;

afterEach(async () => {
  await run?.drop();
  await cluster?.stop();
});

/** Everything that is wrong, as `code object`, with the source connected to as `user`. */
async function problems(user = 'postgres', password = ''): Promise<string[]> {
  const url = new URL(run.source.url);
  if (user !== 'postgres') Object.assign(url, { username: user, password });
  const databases = createDatabases({
    env: { SOURCE_URL: url.toString(), TARGET_URL: run.target.url },
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('no plans folder here')),
  });
  const capture = createCaptureActivities({ databases, signal: () => undefined, heartbeat: () => undefined });
  const error = await capture.installCapture(run.ref).then(
    () => null,
    (raised: unknown) => raised as RowproofError,
  );
  return (error?.problems ?? []).map(({ code, where }) => `${code} ${where?.object ?? ''}`).sort();
}

it('a server that cannot serve a slot says everything that is in the way at once, and nothing is created', async () => {
  cluster = await ownCluster({ wal_level: 'replica', max_slot_wal_keep_size: '64MB', max_replication_slots: '0' });
  run = await openLogicalRun({
    source: `create table item (id int primary key, body text);
      alter table item enable row level security;
      create role app login password 'app'; grant select on item to app;`,
    target: 'create table item (id int primary key, body text)',
    mappings: [mappingOf('item', ['id', 'body'])],
  });
  expect(await problems('app', 'app')).toEqual([
    'RP5304 "public"."item"',
    'RP5350 legacy',
    'RP5351 legacy',
    'RP5352 "public"."item"',
    'RP5352 legacy',
    'RP5353 legacy',
    'RP5354 legacy',
  ]);
  expect(await run.source.query('select from pg_publication')).toEqual([]);
  expect(await run.target.query(`select from rowproof.step where kind = 'capture'`)).toEqual([]);
});

it('tables whose changes a slot would not tell are named', async () => {
  cluster = await ownCluster({ max_replication_slots: '1' });
  run = await openLogicalRun({
    source: `create table nothing (id int primary key, body text);
      alter table nothing replica identity nothing;
      create table other (id int primary key, code int not null unique, body text);
      alter table other replica identity using index other_code_key;
      create table late (id int primary key deferrable, body text);
      create unlogged table volatile (id int primary key, body text);
      create table made (id int generated always as (n + 1) stored primary key, n int, body text);
      create table tree (id int primary key, body text) partition by range (id);
      create table tree_1 partition of tree for values from (0) to (10);
      alter table tree_1 replica identity nothing;
      select pg_create_physical_replication_slot('taken');`,
    target: ['nothing', 'other', 'late', 'volatile', 'made', 'tree']
      .map((name) => `create table ${name} (id int primary key, body text)`)
      .join(';'),
    mappings: ['nothing', 'other', 'late', 'volatile', 'made', 'tree'].map((name) => mappingOf(name, ['id', 'body'])),
  });
  expect(await problems()).toEqual([
    'RP5353 legacy',
    'RP5355 public.late',
    'RP5355 public.nothing',
    'RP5355 public.other',
    'RP5355 public.tree_1',
    'RP5356 "public"."volatile"',
    'RP5357 "public"."made"',
  ]);
  await run.source.query(`select pg_drop_replication_slot('taken')`);
});

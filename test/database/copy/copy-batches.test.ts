import { openCopyRun, type CopyRun } from './copy-run';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const people = {
  source: `create table people (id int primary key, name text);
           insert into people select g, 'person ' || g from generate_series(1, 2500) g`,
  target: 'create table people (id int primary key, name text)',
  mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }] }],
  settings: { batch: { rows: 1000, bytes: 1, inFlight: 4 } },
} as const;

test('Every row arrives once, and the receipts add up to the table', async () => {
  run = await openCopyRun(people);
  expect(await run.activities.planBatches({ ref: run.ref, mapping: 'people' })).toMatchObject({ batches: 3 });
  await run.copyAll();
  expect(await run.target.query('select count(*)::int n, sum(id)::int total from people')).toEqual([
    { n: 2500, total: 3126250 },
  ]);
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'people', limit: 10 })).toEqual({
    ordinals: [],
    batches: 3,
    done: 3,
    migrated: 2500,
    quarantined: 0,
    outOfScope: 0,
  });
});

test('Ranges are stored once and stay what they are when planned again', async () => {
  run = await openCopyRun(people);
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  const before = await run.target.query('select * from rowproof.batch order by ordinal');
  await run.source.query('insert into people select g from generate_series(3001, 9000) g');
  await Promise.all([
    run.activities.planBatches({ ref: run.ref, mapping: 'people' }),
    run.worker().planBatches({ ref: run.ref, mapping: 'people' }),
  ]);
  expect(await run.target.query('select * from rowproof.batch order by ordinal')).toEqual(before);
});

test('A batch that is done answers with its receipt and writes nothing', async () => {
  run = await openCopyRun(people);
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
  const first = await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  expect(await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).toEqual(first);
  expect(first).toEqual({
    mapping: 'people',
    ordinal: 0,
    migrated: 1000,
    quarantined: 0,
    outOfScope: 0,
    path: 'fast',
    bytes: expect.any(Number),
  });
  expect(await run.target.query('select count(*)::int n from people')).toEqual([{ n: 1000 }]);
});

test('The receipt names the xmin of its rows, the snapshot it read and a digest', async () => {
  run = await openCopyRun(people);
  await run.copyAll();
  const rows = await run.target.query(
    `select b.ordinal, b.digest ~ '^[0-9a-f]{64}$' as digest, b.source_snapshot <> '' as snapshot,
       (select count(*)::int from people where xmin::text = any (b.xids)) as mine from rowproof.batch b order by ordinal`,
  );
  expect(rows).toEqual([
    { ordinal: 0, digest: true, snapshot: true, mine: 1000 },
    { ordinal: 1, digest: true, snapshot: true, mine: 1000 },
    { ordinal: 2, digest: true, snapshot: true, mine: 500 },
  ]);
});

test('A table without rows is one batch that copies nothing', async () => {
  run = await openCopyRun({ ...people, source: 'create table people (id int primary key, name text)' });
  await run.copyAll();
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'people', limit: 10 })).toMatchObject({
    batches: 1,
    done: 1,
    migrated: 0,
  });
});

test('A batch that does not exist, and a mapping that does not, are named', async () => {
  run = await openCopyRun(people);
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 7 })).rejects.toMatchObject({
    code: 'RP5006',
  });
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 'nobody', ordinal: 0 })).rejects.toMatchObject({
    code: 'RP5007',
  });
});

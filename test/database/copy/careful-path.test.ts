import { openCopyRun, type CopyRun } from './copy-run';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const source = `create table items (id int primary key, name text, amount int);
  insert into items select g, 'item ' || g, g from generate_series(1, 3000) g;
  update items set amount = -amount where id in (1, 777, 778, 3000)`;
const mappings = [{ name: 'items', columns: [{ target: 'id' }, { target: 'name' }, { target: 'amount' }] }];
const settings = { batch: { rows: 5000, bytes: 1, inFlight: 1 } };

async function quarantined(): Promise<unknown[]> {
  return (run as CopyRun).target.query(
    `select source_key, reason, finding, column_name, sqlstate, constraint_name from rowproof.quarantine order by (source_key::jsonb ->> 0)::int`,
  );
}

async function balanced(): Promise<void> {
  const { source, target } = run as CopyRun;
  const [reconciliation] = await target.query<{ path: string; total: number; parts: number; migrated: number }>(
    `select string_agg(distinct path, ',') as path, sum(source_rows)::int as total, sum(migrated + quarantined + out_of_scope)::int as parts,
       sum(migrated)::int as migrated from rowproof.batch`,
  );
  const [there] = await target.query<{ n: number }>('select count(*)::int as n from items');
  const [here] = await source.query<{ n: number }>('select count(*)::int as n from items');
  expect(reconciliation).toEqual({ path: 'careful', total: here?.n, parts: here?.n, migrated: there?.n });
  const foreign = await target.query(
    `select 1 from items i where not exists (select 1 from rowproof.batch b where i.xmin::text = any (b.xids))`,
  );
  expect(foreign).toEqual([]);
}

test('A CHECK that nobody foresaw leaves exactly the bad rows in quarantine', async () => {
  run = await openCopyRun({
    source,
    target:
      'create table items (id int primary key, name text, amount int constraint positive check (sign(amount) > 0))',
    mappings,
    settings,
  });
  await run.copyAll();
  const bad = { reason: 'check', finding: 'items.positive.check', sqlstate: '23514', constraint_name: 'positive' };
  expect(await quarantined()).toMatchObject([1, 777, 778, 3000].map((id) => ({ source_key: `["${id}"]`, ...bad })));
  await balanced();
});

test('A domain of the target refuses a value: the row is named with the column', async () => {
  run = await openCopyRun({
    source,
    target: `create domain amount as int constraint amount_ok check (sign(value) > 0);
             create table items (id int primary key, name text, amount amount)`,
    mappings,
    settings,
  });
  await run.copyAll();
  const bad = {
    finding: 'items.amount.check',
    column_name: 'amount',
    sqlstate: '23514',
    constraint_name: 'amount_ok',
  };
  expect(await quarantined()).toMatchObject([1, 777, 778, 3000].map((id) => ({ source_key: `["${id}"]`, ...bad })));
  await balanced();
});

test('A trigger of the target that raises, and one that drops rows in silence, both leave their rows in quarantine', async () => {
  run = await openCopyRun({
    source,
    target: `create table items (id int primary key, name text, amount int);
      create function judge() returns trigger language plpgsql as $$ begin
        if new.amount = -777 then raise exception 'no'; end if;
        if new.amount < 0 then return null; end if;
        return new; end $$;
      create trigger judge before insert on items for each row execute function judge()`,
    mappings,
    settings,
  });
  await run.copyAll();
  const dropped = { reason: 'dropped_by_trigger', finding: 'items.row.dropped_by_trigger', sqlstate: null };
  expect(await quarantined()).toMatchObject([
    { source_key: '["1"]', ...dropped },
    { source_key: '["777"]', reason: 'raised', finding: 'items.row.raised', sqlstate: 'P0001' },
    { source_key: '["778"]', ...dropped },
    { source_key: '["3000"]', ...dropped },
  ]);
  await balanced();
});

test('A trigger that only drops rows is noticed without any error', async () => {
  run = await openCopyRun({
    source,
    target: `create table items (id int primary key, name text, amount int);
      create function judge() returns trigger language plpgsql as $$ begin
        if new.amount < 0 then return null; end if; return new; end $$;
      create trigger judge before insert on items for each row execute function judge()`,
    mappings,
    settings,
  });
  await run.copyAll();
  expect(await quarantined()).toHaveLength(4);
  await balanced();
});

test('A constraint that is deferred to the commit is still blamed on its rows', async () => {
  run = await openCopyRun({
    source,
    target: `create table items (id int primary key, name text, amount int);
      create function late() returns trigger language plpgsql as $$ begin
        if new.amount < 0 then raise exception 'late' using errcode = '23514'; end if; return null; end $$;
      create constraint trigger late after insert on items deferrable initially deferred for each row execute function late()`,
    mappings,
    settings,
  });
  await run.copyAll();
  expect(await quarantined()).toHaveLength(4);
  await balanced();
});

test('A unique key that stayed in place keeps the lowest source key', async () => {
  run = await openCopyRun({
    source: `create table items (id int primary key, name text, amount int);
      insert into items values (3, 'a', 1), (1, 'b', 1), (2, 'a', 1), (5, 'b', 1), (4, 'c', 1)`,
    target: 'create table items (id int primary key, name text constraint one_name unique, amount int)',
    mappings,
    settings,
  });
  await run.copyAll();
  expect(await quarantined()).toMatchObject([
    { source_key: '["3"]', reason: 'duplicate', constraint_name: 'one_name' },
    { source_key: '["5"]', reason: 'duplicate', constraint_name: 'one_name' },
  ]);
  await balanced();
});

test('An SQL expression of the plan that raises costs only its own rows', async () => {
  run = await openCopyRun({
    source: `create table items (id int primary key, name text, amount int);
      insert into items select g, g::text, g from generate_series(1, 4990) g; update items set name = 'x' where id in (2500, 4990)`,
    target: 'create table items (id int primary key, name text, amount int)',
    mappings: [
      { name: 'items', columns: [{ target: 'id' }, { target: 'name' }, { target: 'amount', sql: 'name::int' }] },
    ],
    settings,
  });
  await run.copyAll();
  const bad = { finding: 'items.amount.data', column_name: 'amount', sqlstate: '22P02', constraint_name: null };
  expect(await quarantined()).toMatchObject([
    { source_key: '["2500"]', ...bad },
    { source_key: '["4990"]', ...bad },
  ]);
  await balanced();
});

test('Rows out of scope stay out of scope on the careful path', async () => {
  run = await openCopyRun({
    source,
    target: 'create table items (id int primary key, name text, amount int check (sign(amount) > 0))',
    mappings: [{ ...mappings[0]!, where: 'id > 1000' }],
    settings,
  });
  await run.copyAll();
  expect(await quarantined()).toMatchObject([{ source_key: '["3000"]' }]);
  expect(await run.activities.pendingBatches({ ref: run.ref, mapping: 'items', limit: 1 })).toMatchObject({
    migrated: 1999,
    quarantined: 1,
    outOfScope: 1000,
  });
  await balanced();
});

test('A partitioned target and values with tabs, backslashes, quotes and emoji survive the careful path', async () => {
  const hostile = String.raw`a\b` + '\t\n\r\'"\\N😀 é';
  run = await openCopyRun({
    source: `create table items (id int primary key, name text, amount int); insert into items values (1, 'ok', 1), (2, '\\N', 2), (3, '', 3), (4, null, 4), (5, 'bad', -1)`,
    target: `create table items (id int, name text, amount int check (sign(amount) > 0), primary key (id)) partition by hash (id);
      create table items_0 partition of items for values with (modulus 2, remainder 0);
      create table items_1 partition of items for values with (modulus 2, remainder 1)`,
    mappings,
    settings,
  });
  await run.source.query('update items set name = $1 where id = 1', [hostile]);
  await run.copyAll();
  expect(await run.target.query('select id, name from items order by id')).toEqual([
    { id: 1, name: hostile },
    { id: 2, name: '\\N' },
    { id: 3, name: '' },
    { id: 4, name: null },
  ]);
  await balanced();
});

test('Identity columns that are always generated are written as they are', async () => {
  run = await openCopyRun({
    source,
    target:
      'create table items (id int generated always as identity primary key, name text, amount int check (sign(amount) > 0))',
    mappings,
    settings,
  });
  await run.copyAll();
  expect(await quarantined()).toHaveLength(4);
  await balanced();
});

test('No text of an error or of a row gets into the ledger', async () => {
  run = await openCopyRun({
    source: `create table items (id int primary key, name text, amount int); insert into items values (1, 'SECRET-VALUE', -1)`,
    target: 'create table items (id int primary key, name text, amount int check (sign(amount) > 0))',
    mappings,
    settings,
  });
  await run.copyAll();
  const [ledger] = await run.target.query<{ text: string }>(
    `select (select string_agg(q::text, '') from rowproof.quarantine q) || (select string_agg(b::text, '') from rowproof.batch b) as text`,
  );
  expect(ledger?.text).toContain('items');
  expect(ledger?.text).not.toContain('SECRET-VALUE');
});

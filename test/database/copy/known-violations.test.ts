import { createFinishActivities } from '../../../activities/finish';
import { openCopyRun, type ColumnDraft, type CopyRun } from './copy-run';

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const settings = { batch: { rows: 50_000, bytes: 1, inFlight: 1 } };

async function open(given: { source: string; target: string; columns: readonly string[] }): Promise<CopyRun> {
  const columns: ColumnDraft[] = given.columns.map((target) => ({ target }));
  run = await openCopyRun({ ...given, mappings: [{ name: 'items', columns }], settings });
  return run;
}

const facts = `source_key, reason, finding, column_name, transform, sqlstate, constraint_name, refs::text as refs, class`;

async function quarantine({ target }: CopyRun): Promise<Record<string, unknown>[]> {
  return target.query(`select ${facts} from rowproof.quarantine order by (source_key::jsonb ->> 0)::int`);
}

async function paths({ target }: CopyRun): Promise<string> {
  const [row] = await target.query<{ path: string }>(
    `select string_agg(distinct path, ',') as path from rowproof.batch`,
  );
  return row?.path as string;
}

/** Ids of the rows that the target itself refuses, each tried alone, with the constraint it names. */
async function refusedAlone({ source, target }: CopyRun, columns: string): Promise<string[]> {
  const rows = await source.query<{ id: string; row: string }>(
    `select id::text, quote_literal(to_jsonb(items)::text) as row from items order by id`,
  );
  await target.query(`create table tried (id text, refusal text)`);
  for (const { id, row } of rows) {
    await target.query(`do $do$ begin
      insert into items (${columns}) select ${columns} from jsonb_populate_record(null::items, ${row}::jsonb);
      raise exception using errcode = 'P0009';
    exception when sqlstate 'P0009' then null; when check_violation then
      declare name text; begin get stacked diagnostics name = constraint_name; insert into tried values ('${id}', name); end;
    end $do$`);
  }
  return (
    await target.query<{ refusal: string }>(`select id || ' ' || refusal as refusal from tried order by id::int`)
  ).map(({ refusal }) => refusal);
}

test('Rows that break a CHECK or a domain stay behind on the fast path, exactly those that the target would refuse', async () => {
  const columns = ['id', 'qty', 'low', 'price', 'name', 'code', 'flag', 'day', 'fixed', 'amount', 'token', 'raw'];
  const opened = await open({
    source: `create table items (id int primary key, qty int, low smallint, price numeric(12, 2), name text, code varchar(20),
        flag boolean, day date, fixed char(6), amount int, token uuid, raw bytea);
      insert into items select g,
        case when g % 7 = 0 then null else g % 5 - 2 end, (g % 3 - 1)::smallint, (g % 11 - 4)::numeric / 3,
        (array[null, '', ' ', 'ä', 'äöü-ß', 'a_b', 'a%b', E'a\\\\b', E'line\\nline', 'long enough to be too long'])[g % 10 + 1],
        (array['new', 'old', 'NEW', 'x-1', 'AB-12', '', null])[g % 7 + 1],
        case when g % 4 = 0 then null else g % 3 = 0 end, date '2020-01-01' + (g % 9 - 4),
        (array['ab', 'ab    ', 'abcdef', '', null])[g % 5 + 1], g % 13 - 3,
        case when g % 2 = 0 then '00000000-0000-0000-0000-000000000000'::uuid end,
        decode(repeat('ff', g % 6), 'hex')
      from generate_series(1, 400) g`,
    target: `create domain amount as int constraint amount_ok check (value >= 0);
      create domain small_amount as amount constraint amount_small check (value < 9);
      create table items (id int primary key, qty int constraint c_qty check (qty > -2), low smallint, price numeric(12, 2),
        name text constraint c_name check (length(name) < 20 and name not like 'a\\_%' and btrim(name) <> ''),
        code varchar(20) constraint c_code check (code in ('new', 'old', 'NEW', 'AB-12') or code ~ '^[a-z]-[0-9]+$'),
        flag boolean constraint c_flag check (flag is not true or qty is not null), day date constraint c_day check (day >= '2019-12-29'),
        fixed char(6) constraint c_fixed check (char_length(fixed) > 1), amount small_amount,
        token uuid constraint c_token check (token is distinct from '00000000-0000-0000-0000-000000000000' or low = 0),
        raw bytea constraint c_raw check (octet_length(raw) <= 4),
        constraint d_sum check (qty + low * 2 between -3 and 3), constraint d_price check (price >= -1 and coalesce(price, 0) <> 2),
        constraint d_case check (case when flag then price > 0 else true end))`,
    columns,
  });
  const portable = await opened.databases.run(opened.ref);
  expect(portable.compiled.mappings[0]?.checks.filter(({ reason }) => reason === null)).toEqual([]);
  await opened.copyAll();
  expect(await paths(opened)).toBe('fast');
  const kept = (await quarantine(opened)).map(
    (row) => `${(JSON.parse(row['source_key'] as string) as string[])[0]} ${row['constraint_name'] as string}`,
  );
  await opened.target.query('delete from items');
  expect(kept).toEqual(await refusedAlone(opened, columns.join(', ')));
  expect(kept.length).toBeGreaterThan(200);
});

test('A row without a CHECK is refused with the facts that an error of the target would have', async () => {
  const source = `create table items (id int primary key, qty int); insert into items values (1, 1), (2, -1), (3, null)`;
  const bad = {
    source_key: '["2"]',
    reason: 'check',
    finding: 'items.positive.check',
    transform: 'target',
    sqlstate: '23514',
    constraint_name: 'positive',
    refs: null,
    class: 'quarantined',
  };
  const whole = { source, columns: ['id', 'qty'] };
  await open({
    ...whole,
    target: 'create table items (id int primary key, qty int constraint positive check (qty > 0))',
  });
  await run?.copyAll();
  expect(await paths(run as CopyRun)).toBe('fast');
  expect(await quarantine(run as CopyRun)).toEqual([{ ...bad, column_name: 'qty' }]);
  await run?.drop();
  await open({
    ...whole,
    target: 'create table items (id int primary key, qty int constraint positive check (abs(qty) = qty))',
  });
  await run?.copyAll();
  expect(await paths(run as CopyRun)).toBe('careful');
  expect(await quarantine(run as CopyRun)).toEqual([{ ...bad, column_name: 'qty' }]);
});

test('A CHECK that only the target can evaluate is decided in the snapshot of the batch, whatever discovery saw', async () => {
  const opened = await open({
    source: `create table items (id int primary key, qty int); insert into items select g, g from generate_series(1, 1000) g;
      update items set qty = -1 where id between 10 and 400`,
    target: `create function fine(int) returns boolean language sql immutable as 'select $1 > 0';
      create table items (id int primary key, qty int constraint positive check (public.fine(qty)))`,
    columns: ['id', 'qty'],
  });
  await opened.target.query(
    `insert into rowproof.finding (run, id, mapping, kind, severity, rows, sentence)
     values ('${opened.ref.run}', 'items.positive.check', 'items', 'check', 'decide', 391, 'known')`,
  );
  // after discovery: one is repaired, another broken
  await opened.source.query('update items set qty = 1 where id = 10; update items set qty = -1 where id = 999');
  await opened.copyAll();
  expect(await paths(opened)).toBe('fast');
  const rows = await quarantine(opened);
  expect(rows.map((row) => (JSON.parse(row['source_key'] as string) as string[])[0])).toEqual([
    ...Array.from({ length: 390 }, (_, at) => String(at + 11)),
    '999',
  ]);
  expect(await opened.target.query('select count(*)::int as n, bool_and(qty > 0) as fine from items')).toEqual([
    { n: 609, fine: true },
  ]);
});

test('A staged batch keeps exactly the rows that the target would refuse, whatever the types of its columns', async () => {
  const columns = ['id', 'price', 'mood', 'marks', 'code', 'name', 'raw'];
  const opened = await open({
    source: `create table items (id int primary key, price numeric, mood text, marks int[], code char(6), name text, raw bytea);
      insert into items select g, case when g % 9 = 0 then null else (g % 11 - 4)::numeric / 4 end, case when g % 2 = 0 then 'sad' else 'glad' end,
        array[g, g % 3], 'c' || g % 4, case when g % 5 = 0 then E'tab\there' else 'n"' || g end, decode(repeat('0a', g % 6), 'hex')
      from generate_series(1, 300) g`,
    target: `create type mood as enum ('sad', 'glad');
      create function fine(numeric) returns boolean language sql immutable as 'select $1 >= 0';
      create function even(int[]) returns boolean language sql immutable as 'select $1[2] <> 1';
      create domain amount as numeric(8, 2) constraint amount_fine check (public.fine(value));
      create table items (id int primary key, price amount, mood mood, marks int[] constraint c_even check (public.even(marks)),
        code char(6), name text, raw bytea, constraint c_mood check (mood > 'sad' or public.fine(id - 100)))`,
    columns,
  });
  await opened.target.query(`insert into rowproof.finding (run, id, mapping, kind, severity, rows, sentence)
    values ('${opened.ref.run}', 'items.c_even.check', 'items', 'check', 'decide', 100, 'known')`);
  await opened.copyAll();
  expect(await paths(opened)).toBe('fast');
  const loaded = await opened.target.query('select id, mood::text, name, raw from items order by id');
  const kept = (await quarantine(opened)).map(
    (row) => `${(JSON.parse(row['source_key'] as string) as string[])[0]} ${row['constraint_name'] as string}`,
  );
  await opened.target.query('delete from items');
  const refused = await refusedAlone(opened, columns.join(', '));
  expect(kept.map((one) => one.split(' ')[0])).toEqual(refused.map((one) => one.split(' ')[0]));
  expect(new Set(kept.map((one) => one.split(' ')[1]))).toEqual(new Set(['amount_fine', 'c_even', 'c_mood']));
  const left = refused.map((one) => Number(one.split(' ')[0]));
  expect(loaded).toEqual(
    await opened.source.query(
      `select id, mood, name, raw from items where not id = any('{${left.join(',')}}') order by id`,
    ),
  );
});

test('A trigger that drops rows beside a CHECK that only the target can evaluate is noticed, and each row has its own reason', async () => {
  const opened = await open({
    source: `create table items (id int primary key, qty int); insert into items select g, case when g % 3 = 0 then -1 else g end from generate_series(1, 30) g`,
    target: `create function fine(int) returns boolean language sql immutable as 'select $1 > 0';
      create table items (id int primary key, qty int constraint positive check (public.fine(qty)));
      create function drops() returns trigger language plpgsql as 'begin if new.id = 7 then return null; end if; return new; end';
      create trigger drops before insert on items for each row execute function drops()`,
    columns: ['id', 'qty'],
  });
  await opened.target.query(
    `insert into rowproof.finding (run, id, mapping, kind, severity, rows, sentence)
     values ('${opened.ref.run}', 'items.positive.check', 'items', 'check', 'decide', 10, 'known')`,
  );
  await opened.copyAll();
  expect(await paths(opened)).toBe('careful');
  const kept = (await quarantine(opened)).map(
    (row) => `${(JSON.parse(row['source_key'] as string) as string[])[0]} ${row['reason'] as string}`,
  );
  expect(kept).toEqual(
    [3, 6, 7, 9, 12, 15, 18, 21, 24, 27, 30].map((id) => `${id} ${id === 7 ? 'dropped_by_trigger' : 'check'}`),
  );
  expect(await opened.target.query('select count(*)::int as n from items')).toEqual([{ n: 19 }]);
});

test('A key is in the quarantine of a run once: by the receipt of its batch while rows are copied, by a unique index from then on', async () => {
  const opened = await open({
    source: `create table items (id int primary key, qty int); insert into items select g, case when g % 3 = 0 then -1 else g end from generate_series(1, 30) g`,
    target: 'create table items (id int primary key, qty int check (qty > 0))',
    columns: ['id', 'qty'],
  });
  const indexes = `select indisunique as unique from pg_index i join pg_class c on c.oid = i.indrelid
    where c.relnamespace = 'rowproof'::regnamespace and c.relname like 'quarantined%'`;
  await opened.copyAll();
  expect(await opened.activities.copyBatch({ ref: opened.ref, mapping: 'items', ordinal: 0 })).toMatchObject({
    quarantined: 10,
  });
  expect(await opened.target.query('select count(*)::int as n from rowproof.quarantine')).toEqual([{ n: 10 }]);
  expect(await opened.target.query(indexes)).toEqual([]);
  await createFinishActivities({ databases: opened.databases }).settle(opened.ref);
  await createFinishActivities({ databases: opened.databases }).settle(opened.ref);
  expect(await opened.target.query(indexes)).toEqual([{ unique: true }]);
  await expect(
    opened.target.query('insert into rowproof.quarantined select * from rowproof.quarantined limit 1'),
  ).rejects.toMatchObject({ code: '23505' });
});

test('Rows that are written in bulk have the same facts in quarantine as rows written one by one', async () => {
  const source = (rows: number): string => `create table items (id int primary key, qty int, name text, code text);
    insert into items select g, case when g % 3 = 0 then -1 else 1 end, case when g % 5 = 0 then null else 'n' || g end,
      case when g % 7 = 0 then 'no code' else '12' end from generate_series(1, ${rows}) g`;
  const draft = {
    target: `create table items (id int primary key, qty int constraint "it's" check (qty > 0), name text not null, code int)`,
    mappings: [{ name: 'items', columns: ['id', 'qty', 'name', 'code'].map((target) => ({ target })) }],
    decisions: [
      { finding: 'items.name.not_null', do: 'out_of_scope' as const, expect: null, because: 'old', by: 'ann' },
    ],
    settings: { batch: { rows: 50_000, bytes: 1, inFlight: 1 } },
  };
  const all = `select ${facts}, findings, batch from rowproof.quarantine where (source_key::jsonb ->> 0)::int <= 900
    order by (source_key::jsonb ->> 0)::int`;
  run = await openCopyRun({ ...draft, source: source(900) });
  await run.copyAll();
  const few = await run.target.query(all);
  await run.drop();
  run = await openCopyRun({ ...draft, source: source(6_000) });
  await run.copyAll();
  expect(await paths(run)).toBe('fast');
  expect(await run.target.query(all)).toEqual(few);
  expect(new Set(few.map((row) => row['class']))).toEqual(new Set(['quarantined', 'out_of_scope']));
  expect(few.filter((row) => (row['findings'] as string[]).length > 1).length).toBeGreaterThan(10);
  const reconciliation = 'select quarantined::int as quarantined, out_of_scope::int as waived from rowproof.batch';
  const kept = `select count(*) filter (where class = 'quarantined')::int as quarantined,
    count(*) filter (where class = 'out_of_scope')::int as waived from rowproof.quarantine`;
  expect(await run.target.query(reconciliation)).toEqual(await run.target.query(kept));
});

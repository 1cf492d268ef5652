import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, type Workbench } from '../support/workbench';

const ben = ['--by', 'ben', '--reason', 'everyday'];

const shared = `
  create table zz_dict (val text primary key);
  create function in_dict(p text) returns boolean language plpgsql as $$ begin return exists (select from zz_dict where val = p); end $$;
  create sequence invoice_no; create table inv (id int primary key, no text default 'ORD-' || nextval('invoice_no'));
  create table log (at timestamptz, line text);
  create function lines() returns bigint language sql stable as $$ select count(*) from public.log $$;`;
const rows = `insert into zz_dict values ('a'), ('b'); insert into inv select g, 'ORD-' || g from generate_series(1, 50) g; select setval('invoice_no', 5499);
  insert into log select '2024-01-01'::timestamptz + (g / 3) * interval '1 s', 'x' from generate_series(1, 200) g;
  create table a_data (id bigint primary key, val text not null); insert into a_data select g, case when g % 2 = 0 then 'a' else 'b' end from generate_series(1, 200) g;`;
const rules = `create table a_data (id bigint primary key, val text not null, constraint known check (in_dict(val)));
  create materialized view counted as select lines() as n; create materialized view second as select n from counted with no data;`;

describe('what schemas have every day', () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await startTemporal();
  });
  afterAll(() => temporal.stop());

  let source: TestDatabase;
  let target: TestDatabase;
  let bench: Workbench;
  beforeEach(async () => {
    source = await createDatabase({ prefix: 'everyday_old' });
    target = await createDatabase({ prefix: 'everyday_new' });
    await source.query(`${shared} ${rows}`);
    await target.query(`${shared} ${rules}`);
    bench = createWorkbench(temporal, { OLD_URL: source.url, NEW_URL: target.url });
  });
  afterEach(async () => {
    await bench.close();
    await source.drop();
    await target.drop();
  });

  const plan = (more: string, tables = 'zz_dict inv log a_data'): string =>
    bench.write(
      'every.yaml',
      `version: 1\nname: every\nsources: { old: { url: "\${OLD_URL}" } }\ntarget: { url: "\${NEW_URL}" }\n${more}tables:\n${tables
        .split(' ')
        .map((name) => `  public.${name}: { from: public.${name}, columns: "*" }\n`)
        .join('')}`,
    );
  const all = (database: TestDatabase, table: string): Promise<unknown[]> =>
    database.query(`select t::text as t from ${table} t order by 1`);
  const number = async (sql: string): Promise<number> => Number((await target.query<{ n: string }>(sql))[0]?.n);

  async function arrived(tables: string): Promise<void> {
    for (const table of tables.split(' '))
      expect([table, await all(target, table)]).toEqual([table, await all(source, table)]);
    expect(
      await number(`select split_part(no, '-', 2) as n from (select 'ORD-' || nextval('invoice_no') as no) t`),
    ).toBeGreaterThan(5499);
    expect(await number(`select count(*) as n from pg_constraint where conname = 'known' and convalidated`)).toBe(1);
  }

  test('comes over from a quiet source, with tables without a key, and goes back', async () => {
    const file = plan('');
    bench.worker();
    const run = await bench.rowproof('run', file, '--output', 'json');
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining('"outcome": "complete"')]);
    await arrived('zz_dict inv log a_data');
    expect(await target.query('select n from second')).toEqual([{ n: '200' }]);
    const back = await bench.rowproof('rollback', 'every-1', ...ben);
    expect([back.code, back.stderr]).toEqual([0, expect.any(String)]);
    expect(await all(target, 'log')).toEqual([]);
    expect(await number(`select nextval('invoice_no') as n`)).toBe(1);
  });

  test('comes over from a source that is frozen first', async () => {
    const file = plan('settings: { pattern: big_bang }\n');
    bench.worker();
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code } = await bench.until('every-1', ({ gate }) => gate === 'cutover');
    expect((await bench.rowproof('cutover', 'every-1', '--code', code, ...ben)).code).toBe(0);
    expect([await run.ended, run.stderr()]).toEqual([0, expect.any(String)]);
    await arrived('zz_dict inv log a_data');
  });

  test('is followed where tables have keys, and sequences are set under the barrier', async () => {
    const file = plan('capture: triggers\n', 'zz_dict inv a_data');
    bench.worker();
    const run = bench.start('run', file, '--wait', '--output', 'json');
    const { code } = await bench.until('every-1', ({ gate, follow }) => gate === 'cutover' && follow?.provedAt != null);
    await source.query(
      `insert into inv values (60, 'ORD-' || setval('invoice_no', 90000)); insert into a_data values (900, 'a')`,
    );
    expect((await bench.rowproof('cutover', 'every-1', '--code', code, ...ben)).code).toBe(0);
    expect([await run.ended, run.stderr()]).toEqual([0, expect.any(String)]);
    await arrived('zz_dict inv a_data');
    expect(await number(`select nextval('invoice_no') as n`)).toBeGreaterThan(90000);
  });

  test('is refused with the way out where a table without a key would have to be followed', async () => {
    const check = await bench.rowproof('check', plan('capture: triggers\n'));
    expect(check.code).toBe(2);
    expect(`${check.stdout}${check.stderr}`).toContain('big_bang');
  });
});

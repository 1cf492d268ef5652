import { Client } from 'pg';
import { checkSql } from '../../../src/plan/check/check-sql';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';

/** Values of one row under two sessions that differ in everything a session can decide. */
const settings = [
  { TimeZone: 'UTC', DateStyle: 'ISO, MDY', IntervalStyle: 'postgres' },
  { TimeZone: 'Asia/Tokyo', DateStyle: 'German, DMY', IntervalStyle: 'iso_8601' },
];

describe('expressions of a plan on a server', () => {
  let database: TestDatabase;
  let types: Map<string, string>;

  beforeAll(async () => {
    database = await createDatabase({ prefix: 'plan_session' });
    await database.query(`create table t (txt text, day date, ts timestamp, tz timestamptz, n integer, name text)`);
    await database.query(
      `insert into t values ('01-02-2020', '2020-02-01', '2020-02-01 20:30', '2020-02-01 20:30+00', 7, 'x')`,
    );
    const columns = await database.query<{ name: string; type: string }>(
      `select attname::text as name, format_type(atttypid, null) as type from pg_attribute where attrelid = 't'::regclass and attnum > 0`,
    );
    types = new Map(columns.map((one) => [one.name, one.type]));
  });
  afterAll(() => database.drop());

  /** The result under each session, as bytes that no setting changes the spelling of. */
  async function results(sql: string): Promise<string[]> {
    const all: string[] = [];
    for (const setting of settings) {
      const client = new Client({ connectionString: database.url });
      await client.connect();
      try {
        for (const [name, value] of Object.entries(setting)) await client.query(`set ${name} = '${value}'`);
        const { rows } = await client.query<{ v: string }>(
          `with r as materialized (select (${sql}) as v from t) select encode(record_send(r), 'hex') as v from r`,
        );
        all.push(rows[0]?.v ?? '');
      } finally {
        await client.end();
      }
    }
    return all;
  }

  it.each([
    'txt::date',
    "(txt || ' 10:00')::timestamp",
    'cast(txt as date)',
    'ts::timestamptz',
    'cast(day as timestamp with time zone)',
    'tz::date',
    'tz::timestamp',
    'tz::text',
    'date(txt)',
    "to_char(tz, 'HH24')",
    "to_timestamp('2020-02-01', 'YYYY-MM-DD')",
    "timestamptz '2020-02-01 10:00'",
    "date '01/02/2020'",
    "current_setting('TimeZone')",
  ])('are refused where two sessions disagree: %s', async (sql) => {
    const [one, other] = await results(sql);
    expect(one).not.toBe(other);
    expect(checkSql(sql, (name) => types.get(name) ?? null)).not.toEqual([]);
  });

  it.each([
    'ts::date',
    'day::timestamp',
    "ts at time zone 'Europe/Berlin'",
    "(tz at time zone 'Europe/Berlin')::date",
    "(tz at time zone 'Europe/Berlin')::time",
    "timestamptz '2020-02-01 10:00+02'",
    "'2020-02-01'::date",
    'n::text || txt',
    'make_date(2020, n, 1)',
    'extract(year from day)',
    "(select count(*) from public.t o where o.name = 'x')",
  ])('are taken and agree: %s', async (sql) => {
    expect(checkSql(sql, (name) => types.get(name) ?? null)).toEqual([]);
    const [one, other] = await results(sql);
    expect(one).toBe(other);
  });
});

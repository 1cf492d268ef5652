import type { Client } from 'pg';
import { utcToWall, wallToUtc } from '../../../src/transform/zone';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { connect } from './both-sides';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'transform' });
  client = await connect(database.url);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Half-hour changes, a skipped day, changes of the standard offset, two changes a month, the southern hemisphere. */
const zones = [
  'Europe/Berlin',
  'Europe/Dublin',
  'America/New_York',
  'America/Sao_Paulo',
  'America/Caracas',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
  'Africa/Cairo',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Europe/Volgograd',
];

/** Every 30 minutes of the three days around each change of the clock from 2006 to 2016. */
const aroundChanges = `
  with days as (
    select d, extract(epoch from d) - extract(epoch from d at time zone $1) as shift
    from generate_series('2006-01-01'::timestamp, '2016-12-31', '1 day') as d
  ), changes as (
    select d from (select d, shift, lag(shift) over (order by d) as before from days) as s where shift <> before
  ), walls as (
    select distinct w from changes, generate_series(d - interval '2 days', d + interval '1 day', '30 minutes') as w
  )
  select extract(epoch from w)::bigint as wall, extract(epoch from w at time zone $1)::bigint as utc,
    extract(epoch from (w at time zone 'UTC') at time zone $1)::bigint as local
  from walls order by w`;

describe('time zones', () => {
  it.each(zones)('%s is read as PostgreSQL reads it in every gap and overlap', async (zone) => {
    const { rows } = await client.query<{ wall: string; utc: string; local: string }>(aroundChanges, [zone]);
    const wrong = rows.filter(
      ({ wall, utc, local }) =>
        wallToUtc(zone, Number(wall)) !== Number(utc) || utcToWall(zone, Number(wall)) !== Number(local),
    );
    expect({ tried: zone === 'Asia/Kathmandu' || rows.length > 100, wrong }).toEqual({ tried: true, wrong: [] });
  });
});

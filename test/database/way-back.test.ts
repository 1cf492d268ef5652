import { randomBytes } from 'node:crypto';
import { wayBackProblems } from '../../src/engine/run/way-back';
import type { Problem } from '../../src/errors/rowproof-error';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { sessionOn } from '../support/postgres/session';
import { hostile, mappings as hostileMappings } from './rollback-fixture';
import { mappingOf, openTestRun } from './settle-fixture';
import { createPrepareActivities } from '../../activities/prepare';

const t = (name: string) => ({ schema: 's', name });
const tables = [
  mappingOf({ name: 't', target: t('t'), targetKey: ['id'] }),
  mappingOf({ name: 'c', target: t('c'), targetKey: ['id'] }),
];

let database: TestDatabase;
let role: string;

beforeEach(async () => {
  database = await createDatabase({ prefix: 'way_back' });
  role = `mover_${randomBytes(4).toString('hex')}`;
  await database.query(`create role ${role} login password 'x'; grant all on database "${database.name}" to ${role};
    create schema s; grant usage on schema s to ${role};
    create table s.t (id int primary key, v text, d date); create table s.c (id int primary key, t_id int);
    alter table s.t owner to ${role}; alter table s.c owner to ${role};`);
});
afterEach(async () => {
  await database.query(
    'drop event trigger if exists no_indexes; drop event trigger if exists nothing_goes; drop event trigger if exists no_schemas',
  );
  await database.query(`drop owned by ${role} cascade`);
  await database.drop();
  const any = await createDatabase({ prefix: 'roles' });
  await any.query(`drop role ${role}`);
  await any.drop();
});

function roleUrl(): string {
  const url = new URL(database.url);
  url.username = role;
  url.password = 'x';
  return url.toString();
}

async function problemsOf(mapped = tables, url = roleUrl()): Promise<Problem[]> {
  const session = await sessionOn(url);
  try {
    return await wayBackProblems(session, mapped, { ledger: true });
  } finally {
    await session.close();
  }
}

/** What stands in the way, the code, and what the fix or the sentence must hold; `R` stands for the role. */
const ways: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
  'no CREATE on the schema of an index': [
    `create index t_v on s.t (v)`,
    'RP2075',
    ['Index s.t_v could not be made again by role R.', 'GRANT CREATE ON SCHEMA s TO R'],
  ],
  'no CREATE on the tablespace of an index': [
    `grant create on schema s to R; create index t_v on s.t (v) tablespace elsewhere`,
    'RP2075',
    ['Index s.t_v could not be made again by role R.', 'GRANT CREATE ON TABLESPACE elsewhere TO R'],
  ],
  'no USAGE on the schema of a function in an index': [
    `grant create on schema s to R; create schema f; create function f.low(text) returns text immutable language sql as 'select lower($1)';
     create index t_v on s.t (f.low(v))`,
    'RP2075',
    ['GRANT USAGE ON SCHEMA f TO R'],
  ],
  'no EXECUTE on a function in an index': [
    `grant create on schema s to R; create function public.low(text) returns text immutable language plpgsql as 'begin return lower($1); end';
     create index t_v on s.t (public.low(v)); revoke execute on function public.low(text) from public`,
    'RP2075',
    ['GRANT EXECUTE ON FUNCTION public.low(text) TO R'],
  ],
  'no USAGE on a type of a column': [
    `grant create on schema s to R; create type s.kind as enum ('a', 'b'); alter table s.t add k s.kind; revoke usage on type s.kind from public; create index t_k on s.t (k)`,
    'RP2075',
    ['GRANT USAGE ON TYPE s.kind TO R'],
  ],
  'no REFERENCES on a table of others': [
    `create table s.p (id int primary key); alter table s.c add constraint c_p foreign key (t_id) references s.p`,
    'RP2075',
    ['Foreign key c_p of s.c could not be made again by role R.', 'GRANT REFERENCES ON s.p TO R'],
  ],
  'a function in an index that finds what it calls by the search path alone': [
    `grant create on schema s to R; create function s.helper(text) returns text immutable language sql as 'select lower($1)';
     create function s.low(text) returns text immutable language plpgsql as 'begin return helper($1); end'; grant execute on all functions in schema s to R;
     set search_path = s, public; create index t_v on s.t (s.low(v))`,
    'RP2075',
    ['function helper(text) does not exist (SQLSTATE 42883)'],
  ],
  'an event trigger that refuses indexes': [
    `grant create on schema s to R; create index t_v on s.t (v);
     create function public.no() returns event_trigger language plpgsql as $$ begin raise exception 'no indexes here'; end $$;
     create event trigger no_indexes on ddl_command_start when tag in ('CREATE INDEX') execute function public.no()`,
    'RP2076',
    ['Schema rowproof, Index s.t_v could not be made again: no indexes here (SQLSTATE P0001).', 'no_indexes'],
  ],
  'an event trigger that refuses to drop': [
    `grant create on schema s to R; create index t_v on s.t (v);
     create function public.no() returns event_trigger language plpgsql as $$ begin raise exception 'nothing goes'; end $$;
     create event trigger nothing_goes on sql_drop execute function public.no()`,
    'RP2076',
    ['nothing goes (SQLSTATE P0001)', 'nothing_goes'],
  ],
  'an event trigger that refuses a schema': [
    `create function public.no() returns event_trigger language plpgsql as $$ begin raise exception 'no schemas'; end $$;
     create event trigger no_schemas on ddl_command_start when tag in ('CREATE SCHEMA') execute function public.no()`,
    'RP2076',
    ['Schema rowproof could not be made again: no schemas', 'no_schemas'],
  ],
  'a foreign key whose triggers are disabled': [
    `alter table s.c add constraint c_t foreign key (t_id) references s.t; alter table s.c disable trigger all`,
    'RP2073',
    ['Triggers of foreign key c_t of "s"."c" are disabled'],
  ],
  'row security that is forced on the owner': [
    `alter table s.t enable row level security, force row level security; create policy mine on s.t using (id > 0)`,
    'RP2077',
    ['Row security of "s"."t" applies to role R', 'NO FORCE ROW LEVEL SECURITY'],
  ],
  'a published table without a replica identity': [
    `alter table s.t drop constraint t_pkey; create publication of_others for all tables`,
    'RP2074',
    ['ALTER TABLE "s"."t" REPLICA IDENTITY FULL'],
  ],
};

describe('what could not come back is refused before anything goes', () => {
  it.each(Object.entries(ways))('%s', async (_, [sql, code, said]) => {
    if (sql.includes('elsewhere')) await inPlaceTablespace();
    await database.query(sql.replace(/\bR\b/g, role));
    const problems = await problemsOf();
    expect(problems.map((problem) => problem.code)).toEqual([code]);
    const text = problems.map(({ what, why, fix }) => `${what} ${why} ${fix}`).join(' ');
    for (const part of said) expect(text).toContain(part.replace(/\bR\b/g, role));
    // a grant that it names, made, ends the problem
    const grants = problems.flatMap(({ fix }) => fix.match(/(?:GRANT|ALTER TABLE) [^;,]+/g) ?? []);
    if (!/RP207[45]/.test(code) || grants.length === 0) return;
    await database.query(grants.join('; '));
    expect(await problemsOf()).toEqual([]);
  });

  it('and nothing else is: a role that owns its tables needs no more than it has', async () => {
    await database.query(`create table s.theirs (id int primary key, t_id int constraint of_t references s.t); alter table s.theirs owner to ${role};
      alter table s.c add constraint c_t foreign key (t_id) references s.t not valid`);
    expect(await problemsOf()).toEqual([]);
    expect(await database.query(`select from pg_class where relname like 'rowproof%'`)).toEqual([]);
  });

  it('and nothing of hostile names, partitions, expressions and constraints', async () => {
    await database.query(hostile);
    for (const injective of [true, false])
      expect(await problemsOf(hostileMappings(injective), database.url)).toEqual([]);
  });
});

it('A run whose right went between check and prepare takes nothing away', async () => {
  await database.query('create index t_v on s.t (v)');
  await database.query(`create schema rowproof authorization ${role}`);
  const run = await openTestRun(database, tables, { targetUrl: roleUrl() });
  const refused: unknown = await createPrepareActivities(run)
    .prepareTarget(run.ref)
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ problems: [{ code: 'RP5120' }] });
  expect(await database.query(`select from pg_class where relname = 't_v'`)).toHaveLength(1);
  await database.query(`grant create on schema s to ${role}`);
  await createPrepareActivities(run).prepareTarget(run.ref);
  expect(await database.query(`select from pg_class where relname = 't_v'`)).toEqual([]);
});

/** A tablespace beside the cluster's own files; once a server. */
async function inPlaceTablespace(): Promise<void> {
  const session = await sessionOn(database.url);
  const { rowCount } = await session.query(`select from pg_tablespace where spcname = 'elsewhere'`);
  if (rowCount === 0) {
    await session.query('set allow_in_place_tablespaces = on');
    await session.query(`create tablespace elsewhere location ''`);
  }
  await session.close();
}

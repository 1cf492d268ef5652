import { checkPlan } from '../../../src/engine/run/check-plan';
import { readPlan } from '../../../src/engine/run/read-plan';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { compileTables, openSides } from './compile-harness';

let source: TestDatabase;
let target: TestDatabase;
let role: string;

beforeAll(async () => {
  source = await createDatabase({ prefix: 'codes_src' });
  target = await createDatabase({ prefix: 'codes_dst' });
  role = `${target.name}_role`;
  const collation = `create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`;
  await source.query(`${collation};
    create table good (id int primary key, a text, b text);
    create table loose (k text collate nocase primary key);
    create sequence counter;`);
  await target.query(`${collation};
    create table good (id int primary key, a text, b text);
    create table composite (a int, b int, primary key (a, b));
    create table loose (k text collate nocase primary key);
    create table broken (id int primary key, good_id int, a text);
    alter table broken add constraint broken_good foreign key (good_id) references good not valid;
    alter table broken add constraint broken_a check (a > '') not valid;
    insert into broken values (1, null, 'x'), (2, null, 'x');
    create table outside (id int primary key, good_id int);
    alter table outside add constraint outside_good foreign key (good_id) references good not valid;
    create function fine(text) returns boolean language plpgsql as 'begin return true; end';
    create table judged (id int primary key, a text, constraint judged_a check (fine(a)));
    create sequence counter;
    create role ${role} login password 'pw';
    grant usage on schema public to ${role}; grant all on all tables in schema public to ${role};`);
  // a build that fails leaves its index behind, not valid
  await target.query('create unique index concurrently broken_once on broken (a)').catch(() => undefined);
});

afterAll(async () => {
  await source.drop();
  await target.drop();
  await (
    await createDatabase({ prefix: 'codes_role' }).then(async (one) => {
      await one.query(`drop role ${role}`);
      return one;
    })
  ).drop();
});

const asRole = (url: string): string => url.replace(/\/\/[^@]*@/, `//${role}:pw@`);

interface Said {
  readonly code: string;
  readonly severity: string;
  readonly what: string;
  readonly object: string | undefined;
  readonly fix: string;
}

/** What `check` says of the tables of a plan. */
async function said(tables: string, urls: { from?: string; to?: string } = {}): Promise<Said[]> {
  const sides = await openSides(urls.from ?? source.url, urls.to ?? target.url);
  try {
    const { problems } = await compileTables(sides, tables);
    return problems.map(({ problem, severity }) => ({
      code: problem.code,
      severity,
      what: problem.what,
      object: problem.where?.object,
      fix: problem.fix,
    }));
  } finally {
    await sides.close();
  }
}

const table = (name: string, body: string): string =>
  `  ${name}: { from: public.good, unmapped_source_columns: ignore, ${body} }\n`;
const good = table('public.good', 'columns: { id: id, a: a }');

describe('check says by a code of its own', () => {
  it.each<[string, string, string, string, string]>([
    [
      'a source table that is not there',
      '  public.good: { from: public.nothing, columns: { id: id } }\n',
      'RP2001',
      'error',
      'no table public.nothing',
    ],
    [
      'a target table that is not there',
      table('public.nothing', 'columns: { id: id }'),
      'RP2004',
      'error',
      'no table public.nothing',
    ],
    [
      'a new id without a column that is left for it',
      table('public.composite', 'id: { keep: id }, columns: {}'),
      'RP2014',
      'error',
      'no single key column',
    ],
    [
      'a key with a nondeterministic collation, on either side',
      '  public.loose: { from: public.loose, columns: "*" }\n',
      'RP2027',
      'warning',
      '"k" of public.loose',
    ],
    [
      'an ignored column that is not there',
      table('public.good', 'ignore: [nope], columns: { id: id }'),
      'RP2036',
      'error',
      '"nope" to ignore',
    ],
    [
      'a foreign key that is NOT VALID',
      good + table('public.broken', 'columns: { id: id, a: a }'),
      'RP2070',
      'warning',
      'Foreign key broken_good of public.broken is NOT VALID',
    ],
    [
      'a foreign key of a table outside the plan that is NOT VALID',
      good,
      'RP2070',
      'warning',
      'Foreign key outside_good of public.outside, a table outside the plan',
    ],
    [
      'a CHECK that is NOT VALID',
      table('public.broken', 'columns: { id: id, a: a }'),
      'RP2071',
      'warning',
      'CHECK broken_a of public.broken',
    ],
    [
      'an index that is not valid',
      table('public.broken', 'columns: { id: id, a: a }'),
      'RP2072',
      'warning',
      'Index broken_once of public.broken',
    ],
    [
      'a CHECK that calls a function of the target',
      table('public.judged', 'columns: { id: id, a: a }'),
      'RP2084',
      'warning',
      'CHECK judged_a of public.judged calls public.fine',
    ],
  ])('%s', async (_, tables, code, severity, what) => {
    expect(await said(tables)).toContainEqual(
      expect.objectContaining({ code, severity, what: expect.stringContaining(what) as string }),
    );
  });

  it('nothing of these about a table whose rules are valid', async () => {
    const found = (await said(table('public.composite', 'columns: { a: id, b: id }'))).map(({ code }) => code);
    expect(found.filter((code) => /^RP20(2[78]|3|4|7|84|96)/.test(code))).toEqual([]);
  });

  it('a foreign key that is NOT VALID is no warning where the plan has it validated', async () => {
    const tables = good + table('public.broken', 'validate: true, columns: { id: id, a: a }');
    const found = (await said(tables)).filter(({ code }) => code === 'RP2070').map(({ object }) => object);
    expect(found).toEqual(['public.outside']);
  });

  it('a table that is both read and filled', async () => {
    expect(await said(good, { to: source.url })).toContainEqual(
      expect.objectContaining({ code: 'RP2037', severity: 'error' }),
    );
  });

  it('a sequence that the role may not set, and rows that may reach the log', async () => {
    const found = await said(good, { to: asRole(target.url) });
    expect(found).toContainEqual(
      expect.objectContaining({ code: 'RP2083', severity: 'warning', object: 'target: public.counter' }),
    );
    const [log, ...more] = found.filter(({ code }) => code === 'RP2096');
    expect(more).toEqual([]);
    expect(log).toMatchObject({ severity: 'warning', object: 'target' });
    expect(log?.fix).toMatch(/GRANT SET ON PARAMETER log_min_messages TO|restrict who reads the log/);
    // a superuser keeps them out
    expect((await said(good)).map(({ code }) => code)).not.toContain('RP2096');
    expect((await said(good)).map(({ code }) => code)).not.toContain('RP2083');
  });

  it('no log that rows reach, once the role may silence it', async () => {
    const [row] = await target.query<{ v: number }>(`select current_setting('server_version_num')::int as v`);
    if ((row?.v ?? 0) < 150000) return;
    await target.query(`grant set on parameter log_min_messages to ${role}`);
    try {
      expect((await said(good, { to: asRole(target.url) })).map(({ code }) => code)).not.toContain('RP2096');
    } finally {
      await target.query(`revoke set on parameter log_min_messages from ${role}`);
    }
  });

  it('what an encoding cannot hold, on either side', async () => {
    const narrow = await createDatabase({ prefix: 'codes_latin', encoding: 'LATIN1' });
    const ascii = await createDatabase({ prefix: 'codes_ascii', encoding: 'SQL_ASCII' });
    try {
      for (const one of [narrow, ascii]) await one.query('create table good (id int primary key, a text, b text)');
      const codes = async (...given: Parameters<typeof said>): Promise<string[]> =>
        (await said(...given)).map(({ code, severity }) => `${code} ${severity}`);
      expect(await codes(good, { to: narrow.url })).toContain('RP2039 warning');
      expect(await codes(good, { from: ascii.url })).toContain('RP2031 warning');
      const foreign = table('public.good', 'columns: { id: id, a: { value: "日" } }');
      expect(await codes(foreign, { from: narrow.url })).toContain('RP2038 error');
      expect(await codes(foreign)).not.toContain('RP2038 error');
    } finally {
      await narrow.drop();
      await ascii.drop();
    }
  });
});

describe('check of a plan with its databases', () => {
  const text = `version: 1\nname: codes\nsources: { old: { url: "\${S}" } }\ntarget: { url: "\${T}" }
defaults: { unmapped_source_tables: ignore }\ntables:\n${good}`;
  const codes = async (to: string): Promise<string[]> => {
    const env = { S: source.url, T: to };
    const { problems } = await checkPlan(await readPlan({ name: 'codes', file: 'codes.yaml', text }, env), env);
    return problems.map(({ problem, severity }) => `${problem.code} ${severity} ${problem.what}`);
  };

  it('names a role that may not create the ledger', async () => {
    expect(await codes(asRole(target.url))).toContain(`RP2045 error The role ${role} may not create schema rowproof.`);
    expect((await codes(target.url)).join()).not.toContain('RP2045');
  });

  it('refuses a table of the target that an enabled subscription fills', async () => {
    await target.query(
      `create subscription downstream connection 'dbname=nowhere' publication p with (connect = false)`,
    );
    try {
      await target.query(
        `insert into pg_subscription_rel values ((select oid from pg_subscription where subname = 'downstream'), 'good'::regclass, 'i', null)`,
      );
      expect((await codes(target.url)).join()).not.toContain('RP5450');
      await target.query('alter subscription downstream enable');
      expect(await codes(target.url)).toContain('RP5450 error A subscription writes to public.good of the target');
    } finally {
      await target.query('alter subscription downstream disable');
      await target.query('alter subscription downstream set (slot_name = none)');
      await target.query('drop subscription downstream');
    }
  });
});

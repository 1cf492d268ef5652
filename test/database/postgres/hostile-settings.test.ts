import { randomBytes } from 'node:crypto';
import { inTransaction } from '../../../src/postgres/transaction';
import { terminateBackend } from '../../../src/postgres/terminate';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;
let role: string;
let owner: string;

beforeEach(async () => {
  database = await createDatabase({ prefix: 'hostile' });
  role = `hostile_${randomBytes(4).toString('hex')}`;
  owner = `${role}_owner`;
  await database.query(
    `create role ${owner}; create role ${role} login password 'x' in role ${owner}; grant all on database "${database.name}" to ${role}`,
  );
});
afterEach(async () => {
  await database.drop();
  const any = await createDatabase({ prefix: 'roles' });
  await any.query(`drop role ${role}; drop role ${owner}`);
  await any.drop();
});

function url(): string {
  const address = new URL(database.url);
  address.username = role;
  address.password = 'x';
  return address.toString();
}

/** What a session must be like whatever its role and database say; also what they say. */
const hostile: Readonly<Record<string, string>> = {
  idle_session_timeout: '100ms',
  idle_in_transaction_session_timeout: '100ms',
  statement_timeout: '2s',
  lock_timeout: '1ms',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  quote_all_identifiers: 'on',
  search_path: 'public',
  check_function_bodies: 'off',
  xmlbinary: 'hex',
  xmloption: 'document',
  standard_conforming_strings: 'off',
  backslash_quote: 'on',
  array_nulls: 'off',
  bytea_output: 'escape',
  client_encoding: 'LATIN1',
  timezone: 'Asia/Kolkata',
  intervalstyle: 'iso_8601',
  extra_float_digits: '-5',
  lc_monetary: 'C.UTF-8',
  lc_numeric: 'C.UTF-8',
  lc_time: 'C.UTF-8',
  transform_null_equals: 'on',
  row_security: 'on',
  default_toast_compression: 'pglz',
  synchronous_commit: 'off',
  plan_cache_mode: 'force_generic_plan',
  gin_fuzzy_search_limit: '1',
  enable_seqscan: 'off',
  work_mem: '64kB',
  log_statement: 'all',
  log_min_messages: 'debug1',
  default_tablespace: '',
};

describe.each(['role', 'database'] as const)('settings of the %s', (kind) => {
  it('do not reach a session: it writes, waits and reads as any other', async () => {
    const on = kind === 'role' ? `role ${role}` : `database "${database.name}"`;
    // at once: the next session of the test would be read only already
    const alter = Object.entries(hostile).map(([name, value]) => `alter ${on} set ${name} = '${value}'`);
    await database.query(alter.join('; '));
    const session = await sessionOn(url());
    await inTransaction(session, 'read write', () => session.query('create schema own'));
    await session.query(`create table own.t (v text, b bytea, m money)`);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { rows } = await session.query(
      `insert into own.t values (E'\\u20ac', '\\xff', 1.5) returning v, b, m,
         current_setting('synchronous_commit') as commits, current_setting('search_path') as path`,
    );
    expect(rows[0]).toEqual({ v: '€', b: '\\xff', m: '$1.50', commits: 'on', path: 'pg_catalog' });
    await session.close();
  });
});

it('a role that is another one by default still sees and ends its own sessions', async () => {
  await database.query(`alter role ${role} set role = ${owner}`);
  const [one, other] = [await sessionOn(url()), await sessionOn(url())];
  expect(one.backendStart).toMatch(/^\d{4}-/);
  expect(await terminateBackend(other, one.pid, one.backendStart)).toBe(true);
  await other.close();
});

it('a role that passes over rules and may not change that is refused with the statement that ends it', async () => {
  await database.query(`alter role ${role} set session_replication_role = replica`);
  await expect(sessionOn(url())).rejects.toThrow(
    `the sessions of role ${role} need session_replication_role = origin, and the role may not set it (RP3030)`,
  );
  await expect(sessionOn(url())).rejects.toMatchObject({
    problems: [{ fix: expect.stringContaining(`ALTER ROLE "${role}" RESET session_replication_role`) as string }],
  });
  await database.query(`alter role ${role} reset session_replication_role`);
  await (await sessionOn(url())).close();
});

it('a superuser whose sessions pass over rules gets ones that do not', async () => {
  await database.query(`alter database "${database.name}" set session_replication_role = replica`);
  const session = await sessionOn(database.url);
  const { rows } = await session.query(`select current_setting('session_replication_role') as is`);
  expect(rows).toEqual([{ is: 'origin' }]);
  await session.close();
});

import { inTransaction } from '../../../src/postgres/transaction';
import { terminateBackend } from '../../../src/postgres/terminate';
import { describeDatabaseError } from '../../../src/postgres/sqlstate';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'session' });
});
afterAll(() => database.drop());

test('a session answers every value as text and NULL as null', async () => {
  const session = await sessionOn(database.url);
  const { rows, fields } = await session.query(
    `select 9007199254740993::int8 as big, 1.50::numeric as n, true as b, '\\x00ff'::bytea as y, null::int as nothing,
       timestamptz '2024-02-29 12:00:00.123456+02' as t, '{"a":1}'::jsonb as j, array[1,null]::int[] as a, interval '1 month 2 hours' as i`,
  );
  expect(rows[0]).toEqual({
    big: '9007199254740993',
    n: '1.50',
    b: 't',
    y: '\\x00ff',
    nothing: null,
    t: '2024-02-29 10:00:00.123456+00',
    j: '{"a": 1}',
    a: '{1,NULL}',
    i: '1 mon 02:00:00',
  });
  expect(fields[0]).toEqual({ name: 'big', dataTypeID: 20 });
  await session.close();
});

test('settings of the role and the database do not reach a session', async () => {
  await database.query(`
    alter database "${database.name}" set "TimeZone" = 'Asia/Kolkata';
    alter database "${database.name}" set "DateStyle" = 'SQL, DMY';
    alter database "${database.name}" set bytea_output = 'escape';
    alter database "${database.name}" set search_path = 'public';
    alter database "${database.name}" set transform_null_equals = on;
    alter database "${database.name}" set default_transaction_isolation = 'serializable';
    alter database "${database.name}" set statement_timeout = '1s'`);
  const session = await sessionOn(database.url, { lockTimeoutMs: 1234 });
  const { rows } = await session.query(
    `select current_setting('TimeZone') as zone, date '2024-02-03'::text as day, '\\xff'::bytea::text as bytes,
       current_setting('search_path') as path, (null = null)::text as equal, current_setting('statement_timeout') as statement,
       current_setting('lock_timeout') as lock, current_setting('default_transaction_isolation') as isolation,
       current_setting('application_name') as name`,
  );
  expect(rows[0]).toEqual({
    zone: 'UTC',
    day: '2024-02-03',
    bytes: '\\xff',
    path: 'pg_catalog',
    equal: null,
    statement: '0',
    lock: '1234ms',
    isolation: 'read committed',
    name: 'rowproof test',
  });
  await session.close();
});

test('a session knows its backend, and only that backend is terminated', async () => {
  const [victim, other] = [await sessionOn(database.url), await sessionOn(database.url)];
  expect(await terminateBackend(other, victim.pid, '2001-01-01 00:00:00+00')).toBe(false);
  expect((await victim.query('select 1 as one')).rows).toEqual([{ one: '1' }]);
  expect(await terminateBackend(other, victim.pid, victim.backendStart)).toBe(true);
  const error: unknown = await victim.query('select 1').catch((reason: unknown) => reason);
  expect(describeDatabaseError(error).isConnectionLoss).toBe(true);
  await other.close();
});

test('a statement of a destroyed session rejects as connection loss', async () => {
  const session = await sessionOn(database.url);
  const pending = session.query('select pg_sleep(60)').catch((reason: unknown) => reason);
  session.destroy();
  expect(describeDatabaseError(await pending)).toMatchObject({
    isConnectionLoss: true,
    isRetryable: true,
    sqlstate: null,
  });
  const after: unknown = await session.query('select 1').catch((reason: unknown) => reason);
  expect(describeDatabaseError(after).isConnectionLoss).toBe(true);
});

describe('a transaction', () => {
  test('commits what the work wrote and gives its value back', async () => {
    await database.query('create table public.kept (n int)');
    const session = await sessionOn(database.url);
    const value = await inTransaction(session, 'read write', async () => {
      expect(session.inTransaction).toBe(true);
      await session.query('insert into public.kept values (1)');
      return 'done';
    });
    expect(value).toBe('done');
    expect(session.inTransaction).toBe(false);
    expect(await database.query('select n::text from public.kept')).toEqual([{ n: '1' }]);
    await session.close();
  });

  test('rolls back and raises the error of the work', async () => {
    await database.query('create table public.undone (n int)');
    const session = await sessionOn(database.url);
    const work = inTransaction(session, 'read write', async () => {
      await session.query('insert into public.undone values (1)');
      throw new Error('the work failed');
    });
    await expect(work).rejects.toThrow('the work failed');
    expect(await database.query('select n from public.undone')).toEqual([]);
    expect((await session.query('select 1 as usable')).rows).toEqual([{ usable: '1' }]);
    await session.close();
  });

  test('whose failed statement was swallowed raises, since the server rolls it back', async () => {
    const session = await sessionOn(database.url);
    const work = inTransaction(session, 'read write', async () => {
      await session.query('select 1/0').catch(() => undefined);
    });
    await expect(work).rejects.toThrow('RP3024');
    await session.close();
  });

  test('whose deferred constraint fails at COMMIT raises that error', async () => {
    await database.query(
      'create table public.parent (id int primary key); create table public.child (id int references public.parent deferrable initially deferred)',
    );
    const session = await sessionOn(database.url);
    const error: unknown = await inTransaction(session, 'read write', () =>
      session.query('insert into public.child values (7)'),
    ).catch((reason: unknown) => reason);
    expect(describeDatabaseError(error)).toMatchObject({
      sqlstate: '23503',
      constraint: 'child_id_fkey',
      isDataError: true,
    });
    expect(session.inTransaction).toBe(false);
    await session.close();
  });

  test('whose connection dies at COMMIT is unknown, not failed', async () => {
    await database.query(`
      create table public.slow (id int);
      create function public.wait() returns trigger language plpgsql as $$ begin perform pg_sleep(60); return null; end $$;
      create constraint trigger slow after insert on public.slow deferrable initially deferred for each row execute function public.wait()`);
    const [session, other] = [await sessionOn(database.url), await sessionOn(database.url)];
    const work = inTransaction(session, 'read write', () => session.query('insert into public.slow values (1)')).catch(
      (reason: unknown) => reason,
    );
    const waiting = `select from pg_stat_activity where pid = ${session.pid} and query = 'commit' and wait_event = 'PgSleep'`;
    while ((await other.query(waiting)).rowCount === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await terminateBackend(other, session.pid, session.backendStart);
    expect(await work).toMatchObject({ name: 'CommitUnknownError' });
    expect(session.closed).toBe(true);
    await other.close();
  });

  test('whose session was terminated raises what the work raised', async () => {
    const [session, other] = [await sessionOn(database.url), await sessionOn(database.url)];
    const work = inTransaction(session, 'read write', async () => {
      await terminateBackend(other, session.pid, session.backendStart);
      throw new Error('the work failed');
    });
    await expect(work).rejects.toThrow('the work failed');
    await other.close();
  });

  test('that only reads sees one snapshot and cannot write', async () => {
    await database.query('create table public.seen (n int)');
    const session = await sessionOn(database.url);
    const work = inTransaction(session, 'repeatable read read only', async () => {
      const count = async (): Promise<unknown> =>
        (await session.query('select count(*) as n from public.seen')).rows[0];
      expect(await count()).toEqual({ n: '0' });
      await database.query('insert into public.seen values (1)');
      expect(await count()).toEqual({ n: '0' });
      await session.query('insert into public.seen values (2)');
    });
    await expect(work).rejects.toMatchObject({ code: '25006' });
    await session.close();
  });
});

import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { startPooler } from '../../support/postgres/pooler';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'pooler' });
});
afterAll(() => database.drop());

test.each([
  ['one backend', { size: 1 }],
  ['three backends, the last used first', { size: 3 }],
  ['three backends in turn', { size: 3, roundRobin: true }],
])('a pooler in transaction mode with %s is refused by name', async (_, pool) => {
  const pooler = await startPooler(database.url, { mode: 'transaction', ...pool });
  try {
    const url = `postgres://somebody:secret@127.0.0.1:${pooler.port}/crm`;
    await expect(sessionOn(url)).rejects.toThrow(/PgBouncer in transaction mode .*RP3016/);
  } finally {
    await pooler.close();
  }
});

test('a pooler in session mode is as good as the server', async () => {
  const pooler = await startPooler(database.url, { mode: 'session', size: 5 });
  try {
    const session = await sessionOn(`postgres://somebody:secret@127.0.0.1:${pooler.port}/crm`);
    expect((await session.query('select pg_backend_pid() as pid')).rows).toEqual([{ pid: String(session.pid) }]);
    await session.close();
  } finally {
    await pooler.close();
  }
});

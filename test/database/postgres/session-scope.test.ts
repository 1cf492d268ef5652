import { SessionScope } from '../../../src/engine/session-scope';
import type { Databases } from '../../../src/postgres/databases';
import { ownCluster } from '../../support/postgres/own-cluster';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

/** What becomes of the backends of a piece of work that is cancelled. */

let cluster: Awaited<ReturnType<typeof ownCluster>>;
let database: TestDatabase;
beforeAll(async () => {
  cluster = await ownCluster({});
  database = await createDatabase({ server: cluster.url });
});
afterAll(async () => {
  await setStandby('');
  await database.drop();
  await cluster.stop();
});

async function setStandby(name: string): Promise<void> {
  await database.query(`alter system set synchronous_standby_names = '${name}'`);
  await database.query('select pg_reload_conf()');
}

/** The wait of a backend; null when it is gone. */
async function waitOf(pid: number): Promise<string | null> {
  const [row] = await database.query<{ wait: string }>(
    `select coalesce(wait_event, '') as wait from pg_stat_activity where pid = ${pid}`,
  );
  return row?.wait ?? null;
}

async function until(pid: number, wait: string | null): Promise<void> {
  while ((await waitOf(pid)) !== wait) await new Promise((next) => setTimeout(next, 20));
}

/** Begins a statement in a scope that is cancelled once its backend waits for `wait`. */
async function cancelled(sql: string, wait: string): Promise<number> {
  const cancel = new AbortController();
  const databases = { ledger: () => sessionOn(database.url) } as unknown as Databases;
  const scope = new SessionScope({ databases, signal: () => cancel.signal }, { run: 'crm-1', ledger: 'env:T' }, 'test');
  const session = await scope.openLedger();
  let answered = true;
  let asked: Promise<unknown> = Promise.resolve();
  // a setting takes a moment to reach the whole server: until then the statement does not wait
  while ((await waitOf(session.pid)) !== wait) {
    if (!answered) continue;
    answered = false;
    asked = session.query(sql).then(
      () => void (answered = true),
      (error: unknown) => error,
    );
  }
  cancel.abort();
  await scope.end(false);
  expect(await asked).toBeInstanceOf(Error);
  return session.pid;
}

describe('a cancelled scope', () => {
  it('ends a backend that would go on', async () => {
    const pid = await cancelled('select pg_sleep(600)', 'PgSleep');
    await until(pid, null);
  });

  it('leaves one whose commit waits for a standby: what it committed is there, and must not look as if the standby had it', async () => {
    await setStandby('absent');
    const pid = await cancelled(
      'create table if not exists public.kept (id int); insert into public.kept values (1)',
      'SyncRep',
    );
    expect(await waitOf(pid)).toBe('SyncRep');
    await setStandby('');
    await until(pid, null);
    expect(await database.query('select id from public.kept')).not.toEqual([]);
  });
});

import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { openProxy, type Link, type Proxy } from '../copy/tcp-proxy';
import { bothSides, openFollowedRun, people, type FollowedRun } from './followed-run';

let run: FollowedRun;
let proxy: Proxy | undefined;
beforeEach(async () => {
  run = await openFollowedRun(people);
});
afterEach(async () => {
  proxy?.close();
  proxy = undefined;
  await run.drop();
});

const round = (holder: LeaseHolder) => runRound(holder, { limit: 1_000, heartbeat: () => undefined });

async function expectEqual(): Promise<void> {
  const [source, target] = await bothSides(run, 'people', 'id, name, email');
  expect(target).toEqual(source);
}

/** Waits until `count` sessions of the target wait for a lock. */
async function waitForLock(): Promise<void> {
  for (;;) {
    const [row] = await run.target.query<{ n: number }>(
      `select count(*)::int n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
    );
    if ((row?.n ?? 0) > 0) return;
  }
}

test('A round that hangs in its transaction is ended by the next attempt, which finishes alone', async () => {
  await run.source.query(`update people set name = 'first' where id = 1`);
  const blocker = await run.databases.ledger(run.ref, 'blocker');
  await blocker.query('begin; lock table public.people in access exclusive mode');
  const hanging = await LeaseHolder.open(run.host, run.ref, 'test');
  // a hung attempt waits for ever
  await hanging.target.query('set lock_timeout = 0');
  const hung = round(hanging).catch((error: unknown) => error);
  await waitForLock();
  const next = await LeaseHolder.open(run.host, run.ref, 'test');
  await blocker.query('rollback');
  await blocker.close();
  expect(await hung).toBeInstanceOf(Error);
  expect(await round(next)).toMatchObject({ round: 1, keys: 1 });
  await expectEqual();
  await Promise.all([hanging.end(false), next.end(true)]);
});

test('An attempt that pauses between reading and writing cannot commit what it read after another took over', async () => {
  const paused = await LeaseHolder.open(run.host, run.ref, 'test');
  await run.source.query(`update people set name = 'old' where id = 1`);
  // the first statement of the target transaction waits until the other one is through
  let go: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const query = paused.target.query.bind(paused.target);
  let reached: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (reached = resolve));
  paused.target.query = (async (sql: string, values?: readonly unknown[]) => {
    if (sql.startsWith('begin')) {
      reached();
      await gate;
    }
    return query(sql, values);
  }) as typeof paused.target.query;
  const zombie = round(paused).catch((error: unknown) => error);
  await stopped;
  await run.source.query(`update people set name = 'new' where id = 1`);
  const next = await LeaseHolder.open(run.host, run.ref, 'test');
  await round(next);
  go();
  expect(await zombie).toMatchObject({ code: 'RP5401' });
  await expectEqual();
  await Promise.all([paused.end(false), next.end(true)]);
});

test('A lease that is closed or stopped takes nobody, and says why', async () => {
  await run.target.query(`update rowproof.apply_lease set state = 'stopped', reason = 'a trigger is gone'`);
  await expect(run.round()).rejects.toMatchObject({ code: 'RP5402' });
  await run.target.query(`update rowproof.apply_lease set state = 'closed'`);
  await expect(run.round()).rejects.toMatchObject({ code: 'RP5403' });
});

test('A cursor that somebody else moved ends the round', async () => {
  const holder = await LeaseHolder.open(run.host, run.ref, 'test');
  await run.source.query(`update people set name = 'x' where id = 1`);
  const query = holder.target.query.bind(holder.target);
  holder.target.query = (async (sql: string, values?: readonly unknown[]) => {
    if (sql.startsWith('begin')) await run.target.query(`update rowproof.cursor set snapshot = '5:5:'`);
    return query(sql, values);
  }) as typeof holder.target.query;
  await expect(round(holder)).rejects.toMatchObject({ code: 'RP5401' });
  expect(await run.target.query(`select count(*)::int n from people where name = 'x'`)).toEqual([{ n: 0 }]);
  await holder.end(false);
});

/** Breaks the connection at the COMMIT of the first round. */
async function breakAtCommit(atCommit: (link: Link) => boolean, reply?: (link: Link) => boolean): Promise<void> {
  const rounds = new Set<Link>();
  let broken: Link | undefined;
  proxy = await openProxy(run.target.url, {
    fromClient(chunk, link) {
      if (chunk.includes('insert into rowproof.round')) rounds.add(link);
      if (broken === undefined && rounds.has(link) && chunk.includes('commit\0')) {
        broken = link;
        return atCommit(link);
      }
      return true;
    },
    fromServer: (_chunk, link) => link !== broken || reply === undefined || reply(link),
  });
}

test('A COMMIT that took effect and whose reply is lost counts, and the same holder goes on', async () => {
  await breakAtCommit(
    () => true,
    (link) => {
      link.client.destroy();
      return false;
    },
  );
  const holder = await LeaseHolder.open(run.hostOf({ targetUrl: (proxy as Proxy).url }), run.ref, 'test');
  await run.source.query(`update people set name = 'once' where id = 1`);
  expect(await round(holder)).toMatchObject({ round: 1, keys: 1, complete: true });
  await expectEqual();
  await run.source.query(`update people set name = 'twice' where id = 1`);
  expect(await round(holder)).toMatchObject({ round: 2 });
  await expectEqual();
  await holder.end(true);
});

test('A COMMIT that never arrived is found undone, and the next attempt makes the round', async () => {
  await breakAtCommit((link) => {
    link.client.destroy();
    return false;
  });
  const holder = await LeaseHolder.open(run.hostOf({ targetUrl: (proxy as Proxy).url }), run.ref, 'test');
  await run.source.query(`update people set name = 'once' where id = 1`);
  await expect(round(holder)).rejects.toMatchObject({ code: 'RP5405' });
  await holder.end(false);
  expect(await run.round()).toMatchObject({ round: 1, keys: 1 });
  await expectEqual();
});

test('Cancelling ends the sessions of a round, and the next attempt makes it', async () => {
  const cancel = new AbortController();
  await run.source.query(`update people set name = 'c' where id = 1`);
  const blocker = await run.databases.ledger(run.ref, 'blocker');
  await blocker.query('begin; lock table public.people in access exclusive mode');
  const holder = await LeaseHolder.open(run.hostOf({ signal: cancel.signal }), run.ref, 'test');
  await holder.target.query('set lock_timeout = 0');
  const cancelled = round(holder).catch((error: unknown) => error);
  await waitForLock();
  cancel.abort();
  expect(await cancelled).toBeInstanceOf(Error);
  await holder.end(false);
  await blocker.query('rollback');
  await blocker.close();
  expect(await run.round()).toMatchObject({ round: 1 });
  await expectEqual();
});

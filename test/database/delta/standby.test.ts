import { Client } from 'pg';
import { createCutoverActivities } from '../../../activities/cutover';
import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { throttled } from '../../../src/engine/follow/throttle';
import type { Settings } from '../../../src/contract/resolved-plan';
import { quietSettings } from '../../support/postgres/quiet-settings';
import { openStandbyPair, type StandbyPair } from '../../support/postgres/standby';
import { openCopyRun, type CopyRun } from '../copy/copy-run';
import { bothSides, openFollowedRun, people, type FollowedRun } from './followed-run';
import { createCaptureActivities } from '../../../activities/capture';
import { createDeltaActivities } from '../../../activities/follow';

let pair: StandbyPair;
const runs: CopyRun[] = [];
const clients: Client[] = [];

beforeAll(async () => {
  pair = await openStandbyPair();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.end()));
  for (const run of runs.splice(0)) await run.drop();
});
afterAll(() => pair?.stop());

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

/** The database of the run on the standby, once it has all that the primary has now. */
async function standbyOf(run: CopyRun): Promise<string> {
  const [{ lsn }] = (await run.source.query('select pg_current_wal_lsn()::text as lsn')) as [{ lsn: string }];
  const server = await connect(pair.standby);
  for (;;) {
    const { rows } = await server.query<{ there: boolean }>('select pg_last_wal_replay_lsn() >= $1::pg_lsn as there', [
      lsn,
    ]);
    if (rows[0]?.there === true) break;
    await new Promise((rest) => setTimeout(rest, 20));
  }
  const url = new URL(pair.standby);
  url.pathname = `/${run.source.name}`;
  return url.toString();
}

describe('a source that is a standby', () => {
  it.each(['triggers', 'logical'] as const)(
    'is refused for capture %s before anything is made, with what to do',
    async (capture) => {
      const run = await openCopyRun({ ...people, capture });
      runs.push(run);
      const host = {
        databases: run.databasesAt(await standbyOf(run)),
        signal: () => undefined,
        heartbeat: () => undefined,
      };
      await expect(createCaptureActivities(host).installCapture(run.ref)).rejects.toMatchObject({
        problems: [{ code: 'RP5301', what: expect.stringContaining('is a standby') as string }],
      });
      expect(await run.target.query(`select from rowproof.step where kind = 'capture'`)).toEqual([]);
    },
  );

  it('cannot be frozen, and says so by name', async () => {
    const run = await openCopyRun({ ...people, settings: { pattern: 'big_bang' } });
    runs.push(run);
    const host = {
      databases: run.databasesAt(await standbyOf(run)),
      signal: () => undefined,
      heartbeat: () => undefined,
    };
    const cutover = createCutoverActivities(host, {});
    await expect(cutover.freezeSource({ ref: run.ref, by: 'ben' })).rejects.toMatchObject({ code: 'RP5301' });
  });

  it('can be read by a run that follows nothing', async () => {
    const run = await openCopyRun(people);
    runs.push(run);
    const worker = run.worker({ sourceUrl: await standbyOf(run) });
    await worker.planBatches({ ref: run.ref, mapping: 'people' });
    const { ordinals } = await worker.pendingBatches({ ref: run.ref, mapping: 'people', limit: 100 });
    for (const ordinal of ordinals) await worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal });
    const [source, target] = await bothSides(run, 'people', 'id, name, email');
    expect(target).toEqual(source);
  });
});

describe('rounds hold back for the source', () => {
  async function follow(throttle: Partial<Settings['delta']['throttle']>): Promise<FollowedRun> {
    const run = await openFollowedRun({
      ...people,
      delta: { throttle: { ...quietSettings.delta.throttle, ...throttle } },
    });
    runs.push(run);
    return run;
  }
  /** What a throttle with these limits says at this moment. */
  async function stopsAbove(
    run: FollowedRun,
    throttle: Partial<Settings['delta']['throttle']>,
  ): Promise<string | null> {
    const holder = await LeaseHolder.open(run.host, run.ref, 'test');
    try {
      return await throttled('legacy', await holder.source('legacy'), {
        ...quietSettings.delta.throttle,
        ...throttle,
      });
    } finally {
      await holder.end(true);
    }
  }
  const oneLook = { forMs: 300, untilCaughtUp: true };
  const untilDone = { forMs: 60_000, untilCaughtUp: true };

  it('while a standby does not apply what it gets, and go on once it does', async () => {
    const run = await follow({ maxReplicaLagMs: 400 });
    const standby = await connect(await standbyOf(run));
    await standby.query('select pg_wal_replay_pause()');
    await run.source.query(`update people set name = 'late' where id = 1`);
    let deferred = await run.delta.runRounds({ ref: run.ref, ...oneLook });
    while (deferred.throttled === null) {
      await run.source.query(`update people set name = 'later' where id = 1`);
      deferred = await run.delta.runRounds({ ref: run.ref, ...oneLook });
    }
    expect(deferred.throttled).toMatch(/^a standby of source legacy is \d+ ms behind$/);
    await run.source.query(`update people set name = 'last' where id = 1`);
    expect(await run.delta.runRounds({ ref: run.ref, ...oneLook })).toMatchObject({ rounds: 0, caughtUp: false });
    await expect(stopsAbove(run, { abortReplicaLagMs: 400 })).rejects.toMatchObject({
      code: 'RP5408',
      message: expect.stringMatching(/^A standby of source legacy is \d+ ms behind, more than 400 ms/) as string,
    });
    await standby.query('select pg_wal_replay_resume()');
    expect(await run.delta.runRounds({ ref: run.ref, ...untilDone })).toMatchObject({
      caughtUp: true,
      throttled: null,
    });
    const [source, target] = await bothSides(run, 'people', 'id, name');
    expect(target).toEqual(source);
  });

  it('not at all without being able to see its standbys: a throttle that cannot see is named', async () => {
    const run = await follow({ maxReplicaLagMs: 60_000 });
    const role = `blind_${run.source.name.slice(-10)}`;
    await run.source.query(`create role ${role} login password '${role}'; grant all on schema rowproof to ${role};
      grant all on all tables in schema rowproof, public to ${role}`);
    try {
      const url = new URL(run.source.url);
      url.username = role;
      url.password = role;
      const delta = createDeltaActivities(run.hostOf({ sourceUrl: url.toString() }));
      await expect(delta.runRounds({ ref: run.ref, ...oneLook })).rejects.toMatchObject({ code: 'RP5411' });
    } finally {
      await run.source.query(`drop owned by ${role}`);
      await run.source.query(`drop role ${role}`);
    }
  });

  it('while sessions wait for locks, and go on once they have them', async () => {
    const run = await follow({ maxLockWaits: 0 });
    const [holder, waiter] = [await connect(run.source.url), await connect(run.source.url)];
    await holder.query(`begin; update people set name = 'held' where id = 5`);
    const waiting = waiter.query(`update people set name = 'waited' where id = 5`);
    for (;;) {
      const { rowCount } = await holder.query('select from pg_locks where not granted');
      if (rowCount === 1) break;
    }
    const deferred = await run.delta.runRounds({ ref: run.ref, ...oneLook });
    expect(deferred).toMatchObject({ rounds: 0, throttled: '1 session of source legacy waits for locks' });
    await expect(stopsAbove(run, { maxLockWaits: 0, abortLockWaits: 0 })).rejects.toMatchObject({
      code: 'RP5408',
      message: expect.stringContaining(' for locks, more than 0') as string,
    });
    expect(await stopsAbove(run, { maxLockWaits: 0, abortLockWaits: 1 })).toMatch(/waits? for locks$/);
    await holder.query('commit');
    await waiting;
    expect(await run.delta.runRounds({ ref: run.ref, ...untilDone })).toMatchObject({
      caughtUp: true,
      throttled: null,
    });
    expect(await run.target.query('select name from people where id = 5')).toEqual([{ name: 'waited' }]);
  });
});

// last: there is no standby any more after it
describe('a standby that was promoted in the place of its primary', () => {
  it('is another server: following stops by name, with triggers and with a slot', async () => {
    const followed: [FollowedRun, string][] = [];
    for (const capture of ['triggers', 'logical'] as const) {
      const run = await openFollowedRun({ ...people, capture });
      runs.push(run);
      await run.source.query(`update people set name = 'before' where id = 1`);
      followed.push([run, await standbyOf(run)]);
    }
    const server = await connect(pair.standby);
    await server.query('select pg_promote()');
    for (const [run, url] of followed) {
      const host = { databases: run.databasesAt(url), signal: () => undefined, heartbeat: () => undefined };
      const following = createDeltaActivities(host).runRounds({ ref: run.ref, forMs: 60_000, untilCaughtUp: true });
      await expect(following).rejects.toThrow();
      const [lease] = await run.target.query<{ state: string; reason: string }>(
        `select state, reason from rowproof.apply_lease where lease = 'delta'`,
      );
      expect(lease).toMatchObject({ state: 'stopped' });
      expect(lease?.reason).toMatch(/(another server|not the server).*restored or promoted/);
      // applied by nobody: what the standby lacks may be what the target has
      expect(await run.target.query('select name from people where id = 1')).toEqual([{ name: 'p1' }]);
      await run.capture.removeCapture(run.ref);
    }
  });
});

import type { Client } from 'pg';
import { keyText } from '../../../src/contract/key';
import { changeLag, streamChanges } from '../../../src/postgres/queries/capture/changes';
import { currentSnapshot } from '../../../src/postgres/queries/copy/transaction';
import { inTransaction } from '../../../src/postgres/transaction';
import { seeded } from './seeded';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const item = 'create table item (id int primary key, v text);';

async function follow(source = item, columns = ['id', 'v']): Promise<CaptureRun> {
  run = await openCaptureRun({ source, mappings: [mappingOf('item', columns)] });
  await run.capture.installCapture(run.ref);
  return run;
}

describe('windows between snapshots', () => {
  it.each([1, 2, 3])(
    'hold every committed mark exactly once, whatever is open, long, rolled back or prepared meanwhile (seed %i)',
    async (seed) => {
      const { round, application, source } = await follow();
      const random = seeded(seed);
      const clients = await Promise.all([application(), application(), application(), application()]);
      const open = new Map<Client, number[]>();
      const prepared = new Map<string, number[]>();
      const committed: number[] = [];
      const seen: string[] = [];
      let next = 1;
      for (let step = 0; step < 120; step++) {
        const client = clients[random(clients.length)] as Client;
        const ids = open.get(client);
        const choice = random(8);
        if (ids === undefined) {
          await client.query(random(2) === 0 ? 'begin' : 'begin isolation level serializable');
          open.set(client, []);
        } else if (choice <= 2) {
          await client.query('insert into item values ($1, null)', [next]);
          ids.push(next++);
        } else if (choice === 3) {
          await client.query(`savepoint s; insert into item values (${next++}, null); rollback to s; release s`);
        } else if (choice === 4) {
          await client.query(`savepoint s; insert into item values (${next}, null); release s`);
          ids.push(next++);
        } else if (choice === 5) {
          await client.query('rollback');
          open.delete(client);
        } else if (choice === 6 && ids.length > 0) {
          const gid = `p${step}_${source.name}`;
          await client.query(`prepare transaction '${gid}'`);
          prepared.set(gid, ids);
          open.delete(client);
        } else {
          await client.query('commit');
          committed.push(...ids);
          open.delete(client);
        }
        if (random(5) === 0) {
          for (const [gid, deferred] of [...prepared].slice(0, 1)) {
            await source.query(`${random(3) === 0 ? 'rollback' : 'commit'} prepared '${gid}'`);
            const rows = await source.query('select from item where id = $1', [deferred[0]]);
            if (rows.length > 0) committed.push(...deferred);
            prepared.delete(gid);
          }
        }
        if (random(4) === 0) seen.push(...(await round()).capturedChanges.map(({ key }) => key ?? 'whole'));
      }
      for (const client of open.keys()) await client.query('rollback');
      for (const gid of prepared.keys()) await source.query(`rollback prepared '${gid}'`);
      seen.push(...(await round()).capturedChanges.map(({ key }) => key ?? 'whole'));
      expect(seen.sort()).toEqual(committed.map((id) => keyText([String(id)])).sort());
    },
  );

  it('do not wait for a writer that stays open elsewhere', async () => {
    const { round, application, source } = await follow();
    const long = await application();
    await long.query('begin; select pg_current_xact_id()');
    await source.query(`insert into item values (1, 'a')`);
    expect((await round()).capturedChanges).toHaveLength(1);
    await source.query(`insert into item values (2, 'a')`);
    expect((await round()).capturedChanges).toEqual([{ relation: 1, key: '["2"]' }]);
  });

  it('tell of more than the limit by one more, stream all of it, and count what is left', async () => {
    const { source, onSource, loaded, target } = await follow();
    const [cursor] = await target.query<{ snapshot: string }>('select snapshot from rowproof.cursor');
    const window = { source: 'legacy', previous: (cursor as { snapshot: string }).snapshot };
    await source.query(
      `insert into item select g, 'a' from generate_series(1, 2500) g; update item set v = 'b' where id <= 500`,
    );
    await onSource(async (session) => {
      expect(await changeLag(session, loaded, window)).toMatchObject({ changes: 3000 });
      await inTransaction(session, 'repeatable read read only', async () => {
        await currentSnapshot(session);
        const keys = new Set<string | null>();
        for await (const chunk of streamChanges(session, loaded, window)) chunk.forEach(({ key }) => keys.add(key));
        expect(keys.size).toBe(2500);
        const { rows } = await session.query<{ plan: string }>('show enable_seqscan');
        expect(rows).toEqual([{ enable_seqscan: 'on' }]);
      });
    });
  });
});

describe('the keys in marks', () => {
  it('are the key texts of what rowproof reads, in whatever settings the application writes', async () => {
    const columns = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const { application, onSource, capturedChanges } = await follow(
      `create domain day as date; create type mood as enum ('calm', 'it''s "wild"');
       create table item (a bigint, b text, c uuid, d timestamptz, e double precision, f bytea, g interval, h day, i numeric(10, 2),
         j mood, primary key (a, b, c, d, e, f, g, h, i, j))`,
      columns,
    );
    const client = await application();
    await client.query(
      `set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set intervalstyle = 'iso_8601'; set extra_float_digits = -5; set bytea_output = 'escape'`,
    );
    await client.query(
      `insert into item values
         (-9223372036854775808, E'quote " back \\\\ line \\n é 😀 \\u2028', '6f1f9a52-0f0b-4c0c-8a53-2e2a0f0c7d11', '2024-03-31 01:30:00.123456+02', 0.1::float8 + 0.2, '\\x00ff5c', '1 year -3 days 04:05:06.7', '2001-02-03', -7.10, 'it''s "wild"'),
         (0, '', '00000000-0000-0000-0000-000000000000', '-infinity', '-Infinity', '', '0', 'infinity', 0, 'calm')`,
    );
    await client.query(`update item set e = 'NaN' where a = 0`);
    const expected = await onSource(async (session) => {
      const { rows } = await session.query<Record<string, string>>(
        `select ${columns.map((name) => `${name}::text as ${name}`).join(', ')} from public.item order by a`,
      );
      return rows.map((row) => keyText(columns.map((name) => row[name] ?? null)));
    });
    const written = await capturedChanges();
    expect(written[0]).toBe(`1 ->${expected[0]}`);
    expect(written[2]?.endsWith(`>${expected[1]}`)).toBe(true);
    expect(written[2]).toContain('-Infinity');
  });
});

describe('the application', () => {
  it('meets no new errors: serializable and repeatable read writers of different rows all commit', async () => {
    const { application, source, capturedChanges } = await follow();
    await source.query(`insert into item select g, 'a' from generate_series(1, 40) g`);
    for (const level of ['serializable', 'repeatable read']) {
      const clients = await Promise.all([application(), application(), application()]);
      for (const client of clients) await client.query(`begin isolation level ${level}; select count(*) from pg_class`);
      for (const [at, client] of clients.entries())
        await client.query('update item set v = $2 where id = $1', [at + 1, level]);
      for (const [at, client] of clients.entries())
        await client.query('update item set v = $2 where id = $1', [at + 10, level]);
      for (const client of clients) expect((await client.query('commit')).command).toBe('COMMIT');
    }
    expect(await capturedChanges()).toHaveLength(40 + 12);
  });
});

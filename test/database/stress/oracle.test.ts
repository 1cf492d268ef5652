import { setTimeout as sleep } from 'node:timers/promises';
import { chanceFrom } from '../../stress/chance';
import { compareHistories, compareSides, firstModels, leftBehind } from '../../stress/oracle';
import { evaluate } from '../../stress/probe';
import { firstRows, ownRange, sourceSchema, targetSchema } from '../../stress/world';
import { startWriter, type Writer } from '../../stress/writer';
import { createDatabase, type TestDatabase } from '../../support/postgres/postgres';

/** Moves every row by statements written by hand: a migration that is right, of a source that is quiet. */
const moves: readonly (readonly [string, string])[] = [
  [
    'account (id, email, full_name, balance, note, v)',
    'select id, email, btrim(name), balance_cents / 100.0, note, v from public.account',
  ],
  [
    'transfer (id, account_id, seq, amount, v)',
    `select md5(account || '/' || seq)::uuid, account, seq, cents / 100.0, v from public.transfer`,
  ],
  ['tag (code, label, v)', 'select code, label, v from public.tag'],
  ['node (id, parent_id, account_id, slot, v)', 'select id, parent, account, slot, v from public.node'],
  [
    'event (id, legacy_id, day, account_id, kind, payload, v)',
    `select md5(id || '/' || day)::uuid, id, day, account, kind, payload, v from public.event where kind <> 'noise'`,
  ],
  ['side (id, val, v)', 'select id, val, v from public.side'],
  ['profile (handle, legacy_id, account_id, bio, v)', 'select handle, id, account, bio, v from public.profile'],
  ['journal (client, txn)', 'select client, txn from public.journal'],
  [
    'member (id, email, v)',
    'select distinct on (coalesce(lower(btrim(email)), id::text)) id, lower(btrim(email)), v from public.member order by coalesce(lower(btrim(email)), id::text), id',
  ],
  [
    'remark (id, account_id, body, v)',
    'select id, account, body, v from public.remark r where account is null or exists (select from public.account a where a.id = r.account)',
  ],
];

async function moveAll(source: TestDatabase, target: TestDatabase): Promise<void> {
  for (const [into, select] of moves) {
    const [table = '', columns = ''] = into.split(/ \(|\)/);
    const names = `t(${columns})`;
    const [{ rows } = { rows: null }] = await source.query<{ rows: string | null }>(
      `select jsonb_agg(to_jsonb(t))::text as rows from (${select}) ${names}`,
    );
    await target.query(
      `insert into app.${table} (${columns}) select ${columns} from jsonb_populate_recordset(null::app.${table}, $1::jsonb)`,
      [rows ?? '[]'],
    );
  }
}

describe('the oracle of the stress test', () => {
  let source: TestDatabase;
  let target: TestDatabase;
  let writers: Writer[];

  beforeAll(async () => {
    source = await createDatabase({ prefix: 'stress_old' });
    target = await createDatabase({ prefix: 'stress_new' });
    await source.query(sourceSchema);
    await source.query(firstRows(3, 1));
    await target.query(targetSchema);
    const models = await firstModels(source.url, [1, 2, 3]);
    writers = [1, 2, 3].map((client) =>
      startWriter({
        url: source.url,
        client,
        chance: chanceFrom(7, String(client)),
        model: models.get(client) ?? new Map(),
        backoffMs: 2,
        leisure: () => true,
        resting: () => false,
      }),
    );
    for (let left = 20; left > 0; left -= 1) {
      await sleep(100);
      await source.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shop ${1 + (left % 3)}' and datname = current_database()`,
      );
    }
    for (const writer of writers) writer.stop();
    await Promise.all(writers.map(({ ended }) => ended));
    await moveAll(source, target);
  });
  afterAll(async () => {
    await source.drop();
    await target.drop();
  });

  const differences = async (): Promise<string[]> => [
    ...(await compareSides(source.url, target.url)),
    ...(await compareHistories(target.url, writers, await leftBehind(source.url))),
  ];

  it('finds nothing where everything is as it must be, whatever the connections of the clients went through', async () => {
    const all = writers.flatMap(({ history }) => history);
    expect(writers.flatMap(({ strange }) => [...strange.keys()])).toEqual([]);
    expect(all.filter(({ outcome }) => outcome === 'acknowledged').length).toBeGreaterThan(50);
    expect(all.filter(({ outcome }) => outcome === 'failed').length).toBeGreaterThan(5);
    expect(await differences()).toEqual([]);
  });

  it.each([
    [
      'a lost row',
      'delete from app.tag where code = (select min(code) from app.tag)',
      'tag: 1 rows on the source only',
    ],
    [
      'a row that came back',
      `insert into app.side values (${ownRange + 999}, 'x', 1)`,
      'side: 1 rows on the target only',
    ],
    [
      'a stale row',
      'update app.account set v = v - 1 where id = (select max(id) from app.account)',
      'account: 1 rows that differ',
    ],
    [
      'a changed value',
      'update app.event set payload = null where id = (select id from app.event where payload is not null limit 1)',
      'event: 1 rows that differ',
    ],
    [
      'a row twice under another id',
      'insert into app.event select gen_random_uuid(), legacy_id, day, account_id, kind, payload, v from app.event limit 1',
      'event: 1 rows twice on the target',
    ],
    [
      'a row that waits although nothing is in its way',
      `delete from app.member where id = (select min(id) from app.member where email like 'm%')`,
      'member: 1 rows on the source only',
    ],
    [
      'a child that waits although its parent is there',
      'delete from app.remark where id = (select min(id) from app.remark where account_id is not null)',
      'remark: 1 rows on the source only',
    ],
    [
      'an acknowledged transaction that is nowhere',
      'delete from app.journal where (client, txn) = (select client, txn from app.journal limit 1)',
      'acknowledged writes are not on the target',
    ],
  ])('finds %s', async (_name, plant, sentence) => {
    await target.query(`create schema if not exists saved`);
    for (const [into] of moves) {
      const table = into.split(' ')[0];
      await target.query(`create table saved.${table} as table app.${table}`);
    }
    await target.query(plant);
    const found = await differences();
    const tables = moves.map(([into]) => into.split(' ')[0] ?? '');
    await target.query(`truncate ${tables.map((table) => `app.${table}`).join(', ')}`);
    for (const table of tables) await target.query(`insert into app.${table} table saved.${table}`);
    await target.query('drop schema saved cascade');
    expect(found.join('\n')).toContain(sentence);
    expect(await differences()).toEqual([]);
  });

  it('finds a source that takes writes after the target was open', () => {
    const at = (side: 'source' | 'target', began: number, accepted: boolean) => ({
      side,
      began,
      ended: began + 1,
      accepted,
    });
    const opened = [at('target', 1, false), at('source', 2, true), at('target', 10, true)];
    expect(evaluate(opened)).toEqual([]);
    expect(evaluate([...opened, at('source', 12, false)])).toEqual([]);
    expect(evaluate([...opened, at('source', 12, true)])).toEqual([
      'The source took 1 writes after the target was open.',
    ]);
  });
});

import { randomBytes } from 'node:crypto';
import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { setRulesOn } from '../../../src/postgres/ledger/follow/apply-lease';
import { bothSides, openFollowedRun, people, type FollowedRun } from '../delta/followed-run';

let run: FollowedRun;
afterEach(async () => {
  await run.drop();
});

const heartbeat = (): void => undefined;

async function scratchTables({ target }: LeaseHolder): Promise<string[]> {
  const { rows } = await target.query<{ name: string }>(
    `select oid::text || ' ' || relname as name from pg_class
     where relnamespace = pg_my_temp_schema() and relkind = 'r' and relname like 'rowproof%' order by 1`,
  );
  return rows.map(({ name }) => name);
}

async function expectEqual(): Promise<void> {
  const [source, target] = await bothSides(run, 'people', 'id, name, email');
  expect(target).toEqual(source);
}

test('Scratch tables stand from round to round, empty, until a definition of the target changes', async () => {
  run = await openFollowedRun(people);
  const holder = await LeaseHolder.open(run.host, run.ref, 'test');
  try {
    await setRulesOn(holder.target, run.ref.run);
    await run.source.query(`update people set name = 'one' where id < 50; delete from people where id = 60`);
    await runRound(holder, { limit: 1_000, heartbeat });
    const first = await scratchTables(holder);
    expect(first).toHaveLength(8);
    await run.source.query(
      `update people set email = 'two' where id < 20; insert into people values (900, 'new', null)`,
    );
    await runRound(holder, { limit: 1_000, heartbeat });
    expect(await scratchTables(holder)).toEqual(first);
    for (const name of first.map((one) => one.split(' ')[1] as string))
      expect((await holder.target.query(`select from pg_temp."${name}"`)).rowCount).toBe(0);
    await expectEqual();

    await run.target.query(`alter table people add column more int default 5, add check (name <> 'bad')`);
    await run.source.query(
      `update people set name = 'three' where id < 10; update people set name = 'bad' where id = 30`,
    );
    await runRound(holder, { limit: 1_000, heartbeat });
    const later = await scratchTables(holder);
    expect(later).toHaveLength(8);
    expect(later.filter((name) => first.includes(name))).toEqual([expect.stringContaining('rowproof_round_stamp')]);
    expect(await run.target.query('select source_key from rowproof.quarantine')).toEqual([{ source_key: '["30"]' }]);
    await run.source.query('delete from people where id = 30');
    await runRound(holder, { limit: 1_000, heartbeat });
    await expectEqual();
  } finally {
    await holder.end(true);
  }
});

test('A round that was undone leaves its session fit for the next one', async () => {
  run = await openFollowedRun(people);
  const holder = await LeaseHolder.open(run.host, run.ref, 'test');
  try {
    await run.source.query(
      `update people set name = 'one' where id < 50; insert into people values (901, 'new', null)`,
    );
    let heartbeats = 0;
    const stopped = runRound(holder, {
      limit: 1_000,
      heartbeat: () => {
        heartbeats += 1;
        if (heartbeats > 3) throw new Error('stopped half-way');
      },
    });
    await expect(stopped).rejects.toThrow('stopped half-way');
    await runRound(holder, { limit: 1_000, heartbeat });
    await expectEqual();
  } finally {
    await holder.end(true);
  }
});

test('A role that may not create temporary tables follows with tables of the ledger, which do not stay', async () => {
  run = await openFollowedRun(people);
  const role = `mover_${randomBytes(4).toString('hex')}`;
  await run.target.query(`revoke temporary on database ${run.target.name} from public;
    create role ${role} login password 'mover'; grant all on schema rowproof to ${role}; grant all on all tables in schema rowproof to ${role};
    alter table people owner to ${role}`);
  const url = new URL(run.target.url);
  url.username = role;
  url.password = 'mover';
  const holder = await LeaseHolder.open(run.hostOf({ targetUrl: url.toString() }), run.ref, 'test');
  try {
    for (const name of ['one', 'two']) {
      await run.source.query(
        `update people set name = '${name}' where id < 9; delete from people where id = length('${name}') + 90`,
      );
      expect(await runRound(holder, { limit: 1_000, heartbeat })).toMatchObject({ complete: true });
    }
    await expectEqual();
    expect(await scratchTables(holder)).toEqual([]);
    expect(
      await run.target.query(
        `select tablename from pg_tables where schemaname = 'rowproof' and tablename ~ '^(raw|row|outcome|round_stamp)_'`,
      ),
    ).toEqual([]);
  } finally {
    await holder.end(true);
    await run.target.query(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  }
});

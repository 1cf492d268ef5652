import { LeaseHolder } from '../../../src/engine/follow/apply-lease';
import { runRound } from '../../../src/engine/follow/run-round';
import { setRulesOn } from '../../../src/postgres/ledger/follow/apply-lease';
import { openFollowedRun, type FollowedDraft, type FollowedRun } from '../delta/followed-run';

/** The source knows no rules; the target has a foreign key, a unique key and, in the second test, a trigger of its own. */
const families: FollowedDraft = {
  source: `create table parent (id int primary key, name text); create table child (id int primary key, parent int, tag text, note text);
    insert into parent select g, 'p' || g from generate_series(1, 20) g;
    insert into child select g, 1 + g % 20, 't' || g, 'n' || g from generate_series(1, 200) g`,
  target: `create table parent (id int primary key, name text);
    create table child (id int primary key, parent int references parent, tag text unique, note text)`,
  mappings: [
    { name: 'parent', columns: [{ target: 'id' }, { target: 'name' }] },
    { name: 'child', columns: [{ target: 'id' }, { target: 'parent' }, { target: 'tag' }, { target: 'note' }] },
  ],
};

let run: FollowedRun;
let holder: LeaseHolder;
afterEach(async () => {
  await holder.end(true);
  await run.drop();
});

async function open(): Promise<void> {
  run = await openFollowedRun(families);
  holder = await LeaseHolder.open(run.host, run.ref, 'test');
  await setRulesOn(holder.target, run.ref.run);
}

async function round(changes: string): Promise<void> {
  await run.source.query(changes);
  expect(await runRound(holder, { limit: 1_000, heartbeat: () => undefined })).toMatchObject({ complete: true });
}

const children = (): Promise<unknown> => run.target.query('select id, parent, tag, note from child order by id');
const quarantined = (): Promise<unknown> =>
  run.target.query('select mapping, source_key, reason from rowproof.quarantine order by 1, 2');

test('A row that was changed at once goes with its parent, waits, and comes back as it was changed', async () => {
  await open();
  await round(`update child set note = 'changed' where id <= 100; delete from parent where id = 6`);
  const orphans = await run.source.query<{ id: number }>('select id from child where parent = 6 order by id');
  const waiting = orphans.map(({ id }) => ({ mapping: 'child', source_key: `["${id}"]`, reason: 'orphan' }));
  expect(waiting).toHaveLength(10);
  const byKey = (a: { source_key: string }, b: { source_key: string }): number =>
    a.source_key < b.source_key ? -1 : 1;
  expect(await quarantined()).toEqual(waiting.sort(byKey));
  expect(await children()).toEqual(
    await run.source.query('select id, parent, tag, note from child where parent <> 6 order by id'),
  );
  await round(`insert into parent values (6, 'back')`);
  expect(await quarantined()).toEqual([]);
  expect(await children()).toEqual(await run.source.query('select id, parent, tag, note from child order by id'));
});

test('Where the target refuses one of the rows, only that one leaves it', async () => {
  await open();
  await run.target.query(`create function refuse() returns trigger language plpgsql as $$ begin
      if new.note = 'raise' then raise check_violation; end if;
      if new.note = 'drop' then return null; end if;
      return new; end $$;
    create trigger refuse before insert or update on child for each row execute function refuse()`);
  await round(`update child set note = case id when 7 then 'raise' when 9 then 'drop' else 'fine' end where id <= 50;
    update child set tag = 'moved' where id = 60; delete from child where id = 61`);
  expect((await quarantined()) as { source_key: string }[]).toMatchObject([
    { source_key: '["7"]' },
    { source_key: '["9"]' },
  ]);
  expect(await children()).toEqual(
    await run.source.query('select id, parent, tag, note from child where id not in (7, 9) order by id'),
  );
  await round(
    `update child set note = 'mended' where id in (7, 9); update child set note = 'later' where id < 30 and id not in (7, 9)`,
  );
  expect(await quarantined()).toEqual([]);
  expect(await children()).toEqual(await run.source.query('select id, parent, tag, note from child order by id'));
});

test('Unique values that are swapped beside rows changed at once arrive, and the proof hears of every key', async () => {
  await open();
  await round(`update child set tag = case id when 1 then 't2' when 2 then 't1' end where id in (1, 2);
    update child set note = 'same round' where id between 2 and 40; update child set note = note where id = 41`);
  expect(await children()).toEqual(await run.source.query('select id, parent, tag, note from child order by id'));
  expect(await run.target.query(`select count(*)::int n from rowproof.touched where mapping = 'child'`)).toEqual([
    { n: 41 },
  ]);
});

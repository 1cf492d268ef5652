import { openFollowedRun, type FollowedRun } from './followed-run';

let run: FollowedRun | undefined;

afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const columns = ['id', 'i', 't', 'a', 'j', 'd'].map((target) => ({ target }));

test('What the types of the target refuse or would round is kept back by rounds as by the copy', async () => {
  run = await openFollowedRun({
    source: `create table t (id int primary key, i interval, t text, a numeric[], j text, d int);
      insert into t values (1, '1 s', '1 s', '{1.5}', '{}', 1), (2, '1 s', '1 s', '{1.5}', '{}', 1)`,
    target: `create domain positive as int check (value > 0);
      create table t (id int primary key, i interval(0), t interval(0), a numeric(4,1)[], j jsonb, d positive)`,
    mappings: [{ name: 't', columns }],
  });
  expect(await run.target.query('select count(*)::int as n from t')).toEqual([{ n: 2 }]);
  await run.source.query(`update t set t = '1.5 s' where id = 1;
    insert into t values (3, '1.6 s', '1 s', '{1.5}', '{}', 1), (4, '1 s', 'x', '{1.5}', '{}', 1), (5, '1 s', '1 s', '{1.55}', '{}', 1),
      (6, '1 s', '1 s', '{1.5}', '{', 1), (7, '1 s', '1 s', '{1.5}', '{}', 0), (8, '2 s', '2 s', '{2}', '[1]', 2)`);
  await run.catchUp();
  expect(await run.target.query('select id, i::text, t::text, a::text, j::text, d::int from t order by id')).toEqual([
    { id: 2, i: '00:00:01', t: '00:00:01', a: '{1.5}', j: '{}', d: 1 },
    { id: 8, i: '00:00:02', t: '00:00:02', a: '{2.0}', j: '[1]', d: 2 },
  ]);
  const filed = 'select source_key as key, finding from rowproof.quarantine order by source_key';
  expect(await run.target.query(filed)).toEqual([
    { key: '["1"]', finding: 't.t.precision' },
    { key: '["3"]', finding: 't.i.precision' },
    { key: '["4"]', finding: 't.t.cast_interval' },
    { key: '["5"]', finding: 't.a.precision' },
    { key: '["6"]', finding: 't.j.cast_json' },
    { key: '["7"]', finding: 't.d.check' },
  ]);
  await run.source.query(`update t set t = '3 s', i = '3 s', a = '{1}', j = '1', d = 3 where id in (1, 3, 4, 5, 6, 7)`);
  await run.catchUp();
  expect(await run.target.query(filed)).toEqual([]);
  expect(await run.target.query('select count(*)::int as n from t')).toEqual([{ n: 8 }]);
});

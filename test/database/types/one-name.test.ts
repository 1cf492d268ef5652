import { runWhole, type WholeRun } from './whole-run';

let run: WholeRun | undefined;

afterEach(async () => {
  await run?.drop();
  run = undefined;
});

/** Types that only their own input function reads: a text that it takes, and its name in a finding. */
const types = [
  { type: 'inet', good: '10.0.0.1', kind: 'cast_inet' },
  { type: 'int[]', good: '{1,2}', kind: 'cast_integer_array' },
  { type: 'int4range', good: '[1,5)', kind: 'cast_int4range' },
  { type: 'interval', good: '1 day', kind: 'cast_interval' },
  { type: 'interval(0)', good: '1 day', kind: 'cast_interval' },
  { type: 'macaddr', good: '08:00:2b:01:02:03', kind: 'cast_macaddr' },
  { type: 'pg_lsn', good: '16/B374D848', kind: 'cast_pg_lsn' },
  { type: 'point', good: '(1,2)', kind: 'cast_point' },
  { type: 'varbit', good: '101', kind: 'cast_bit_varying' },
  { type: 'xml', good: '<a/>', kind: 'cast_xml' },
  { type: 'jsonb', good: '{"a":1}', kind: 'cast_json' },
  { type: 'json', good: '{"a":1}', kind: 'cast_json' },
  { type: 'tsquery', good: 'a & b', kind: 'cast_tsquery' },
  { type: 'numeric(4,1)[]', good: '{1.5}', kind: 'cast_numeric_array' },
];

test('A bad value has one name from discovery to quarantine, and the run is proved without it', async () => {
  run = await runWhole({
    source: types
      .map(
        ({ good }, n) =>
          `create table t${n} (id int primary key, c text); insert into t${n} values (1, '${good}'), (2, '<x'), (3, null)`,
      )
      .join('; '),
    target: types.map(({ type }, n) => `create table t${n} (id int primary key, c ${type})`).join('; '),
    plan: `tables:\n${types.map((_, n) => `  public.t${n}: { from: public.t${n}, columns: "*" }`).join('\n')}\n`,
  });
  const expected = Object.fromEntries(types.map(({ kind }, n) => [`t${n}.c.${kind}`, 1]));
  expect(run.found).toEqual(expected);
  expect(run.filed).toEqual(expected);
  expect(await run.prove()).toMatchObject({ green: true, problems: [] });
});

import { openValidationRun, type ValidationRun } from './validation-run';
import { writableQuarantine } from '../../support/writable-quarantine';

jest.setTimeout(120_000);

let run: ValidationRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

/** Values that break careless text formats; every row has them, so that a fault in one of them is easy to plant. */
const hostile = [
  `a\tb`,
  `a\\b`,
  `a\nb`,
  `\\N`,
  `NULL`,
  ``,
  ` `,
  `"quoted", 'twice'`,
  `é😀\u{10ffff}`,
  `\r\n`,
  `{{slice}}`,
  `$1`,
];

const draft = {
  source: `
    create table people (no bigint primary key, name text, born text, gender text, paid numeric, seen timestamp, memo text);
    insert into people select g, ' Person ' || g || ' ', case when g % 50 = 0 then '31.02.2020' else '2020-01-0' || (1 + g % 9) end,
      case g % 3 when 0 then 'M' when 1 then 'f' end, g * 1.10, timestamp '2020-01-01' + g * interval '1 hour 1 microsecond', ''
      from generate_series(1, 2000) g;
    update people set memo = ('{${hostile.map((text) => JSON.stringify(text).replaceAll("'", "''")).join(',')}}'::text[])[1 + no % 12];
    update people set memo = null where no % 13 = 0;`,
  target: `
    create type gender as enum ('male', 'female');
    create table people (id uuid primary key, no bigint not null, name text not null, born date, gender gender, paid numeric(12,2), seen timestamp(3), memo text)`,
  mappings: [
    {
      name: 'people',
      id: { kind: 'uuid_from', from: ['no'], column: 'id' },
      columns: [
        { target: 'no' },
        { target: 'name', steps: [{ name: 'trim', args: null }] },
        { target: 'born', steps: [{ name: 'parse_date', args: ['YYYY-MM-DD'] }] },
        {
          target: 'gender',
          steps: [
            { name: 'upper', args: null },
            { name: 'map', args: { M: 'male', F: 'female' } },
          ],
        },
        { target: 'paid' },
        { target: 'seen', sql: `date_trunc('milliseconds', seen)`, type: 'timestamp without time zone' },
        { target: 'memo' },
      ],
    },
  ],
  decisions: [
    {
      finding: 'people.born.bad_date',
      do: 'quarantine',
      expect: { rows: 40, tolerance: 0 },
      because: 'no such day',
      by: 'ana',
    },
  ],
  settings: { batch: { rows: 500, bytes: 1, inFlight: 4 } },
} as const;

const clean = { identical: 1960, decided: 40, mismatch: 0, missing: 0, extraneous: 0, duplicate: 0, unverifiable: 0 };

test('Right data gives no alarm, whatever is in the values', async () => {
  run = await openValidationRun(draft as never);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })).toEqual({
    mapping: 'people',
    rows: 2000,
    ...clean,
  });
  const [slice] = await run.target.query<{
    expected_digest: string;
    actual_digest: string;
    reexecuted_columns: string[];
  }>('select expected_digest, actual_digest, reexecuted_columns from rowproof.proof');
  expect(slice?.expected_digest).toMatch(/^[0-9a-f]{64}$/);
  expect(slice?.actual_digest).toBe(slice?.expected_digest);
  expect(slice?.reexecuted_columns).toEqual(['seen']);
  expect(await run.target.query('select * from rowproof.difference')).toEqual([]);
  expect(await run.validate()).toMatchObject({
    green: true,
    sentence: 'every row accounted for, every field proved, re-executed and not independent: people.seen',
    reconciliation: [
      {
        mapping: 'people',
        target: 'public.people',
        source: 2000,
        migrated: 1960,
        quarantined: 40,
        outOfScope: 0,
        unexplained: 0,
      },
    ],
    problems: [],
  });
});

test('Each planted fault is seen, counted once and named in the ledger without values', async () => {
  run = await openValidationRun(draft as never);
  const faults: [string, string, string, Record<string, number>][] = [
    [`update people set name = name || ' ' where no = 7`, 'mismatch', 'name', { mismatch: 1, identical: 1959 }],
    [`update people set memo = '' where no = 13`, 'mismatch', 'memo', { mismatch: 1, identical: 1959 }],
    [`update people set memo = null where no = 17`, 'mismatch', 'memo', { mismatch: 1, identical: 1959 }],
    [
      `update people set memo = 'a' || chr(8) || 'b' where no = 12`,
      'mismatch',
      'memo',
      { mismatch: 1, identical: 1959 },
    ],
    [`update people set paid = paid + 0.01 where no = 1999`, 'mismatch', 'paid', { mismatch: 1, identical: 1959 }],
    [`update people set gender = 'male' where no = 1`, 'mismatch', 'gender', { mismatch: 1, identical: 1959 }],
    [
      `update people set seen = seen + interval '1 ms' where no = 1`,
      'mismatch',
      'seen',
      { mismatch: 1, identical: 1959 },
    ],
    [`delete from people where no = 1`, 'missing', '', { missing: 1, identical: 1959 }],
    [
      `insert into people select gen_random_uuid(), no, name from people where no = 3`,
      'extraneous',
      '',
      { extraneous: 1, identical: 1960 },
    ],
    [
      `update people set id = gen_random_uuid() where no = 9`,
      'missing',
      '',
      { missing: 1, extraneous: 1, identical: 1959 },
    ],
    [`delete from rowproof.quarantine where source_key = '["50"]'`, 'mismatch', 'born', { mismatch: 1, decided: 39 }],
    [
      `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, findings)
       select run, mapping, '["8"]', class, reason, finding, findings from rowproof.quarantine where source_key = '["50"]'`,
      'mismatch',
      '',
      { mismatch: 1, extraneous: 1, identical: 1959 },
    ],
    [
      `update rowproof.quarantine set finding = 'people.gender.unknown_value', findings = '{people.gender.unknown_value}' where source_key = '["100"]'`,
      'mismatch',
      'born',
      { mismatch: 1, decided: 39 },
    ],
  ];
  await writableQuarantine(run.target);
  await run.target.query('create schema keep; create table keep.people as select * from people');
  await run.target.query('create table keep.quarantine as select * from rowproof.quarantine');
  for (const [fault, rowClass, column, counts] of faults) {
    await run.target.query(fault);
    expect([fault, await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })]).toEqual([
      fault,
      { mapping: 'people', rows: 2000, ...clean, ...counts },
    ]);
    const found = await run.target.query<{ class: string; column_name: string; key_digest: string }>(
      'select class, column_name, key_digest from rowproof.difference order by class desc, column_name',
    );
    expect([fault, found.some((one) => one.class === rowClass && one.column_name === column)]).toEqual([fault, true]);
    expect(found.every((one) => /^[0-9a-f]{64}$/.test(one.key_digest))).toBe(true);
    expect((await run.validation.reconcile(run.ref)).green).toBe(false);
    await run.target
      .query(`truncate people; insert into people select * from keep.people; delete from rowproof.quarantine;
      insert into rowproof.quarantine select * from keep.quarantine`);
  }
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })).toMatchObject(clean);
});

test('A source row that appears, changes or goes away after the copy is seen', async () => {
  run = await openValidationRun(draft as never);
  await run.source.query(`update people set name = 'x' where no = 5; delete from people where no = 6;
    insert into people (no, name, born) values (0, 'late', '2020-01-01')`);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })).toMatchObject({
    rows: 2000,
    identical: 1958,
    mismatch: 1,
    extraneous: 1,
    missing: 1,
  });
});

test('Hash slices see the same rows once, and a redo replaces what was there', async () => {
  run = await openValidationRun({
    ...draft,
    settings: { ...draft.settings, proof: { sliceRows: 300, workMem: '8MB' } },
  } as never);
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })).toMatchObject({
    rows: 2000,
    ...clean,
  });
  await run.target.query('update people set memo = 1 where no in (1, 2, 3, 4, 5, 6)');
  expect(await run.validation.proveMapping({ ref: run.ref, mapping: 'people' })).toMatchObject({
    rows: 2000,
    mismatch: 6,
  });
  expect(
    await run.target.query(
      `select count(*)::int as slices, sum(identical)::int as identical, (select count(*)::int from rowproof.difference) as differences from rowproof.proof`,
    ),
  ).toEqual([{ slices: 7, identical: 1954, differences: 6 }]);
  await run.target.query('delete from rowproof.proof where slice = 3');
  await run.validation.proveReferences(run.ref);
  await run.validation.checkRules(run.ref);
  expect((await run.validation.reconcile(run.ref)).problems).toContain('people: 6 of 7 proof slices done');
});

test('A batch that TypeScript wrote is recomputed by SQL as well', async () => {
  const careful = {
    ...draft,
    target: `${draft.target}; alter table people add constraint odd_one check (abs(no) <> 77)`,
    decisions: [
      ...draft.decisions,
      { finding: 'people.odd_one.check', do: 'quarantine', expect: null, because: 'odd', by: 'ana' },
    ],
  };
  run = await openValidationRun(careful as never);
  expect(await run.target.query(`select ordinal from rowproof.batch where path = 'careful'`)).toEqual([{ ordinal: 0 }]);
  expect(await run.validate()).toMatchObject({ green: true, problems: [] });
  const careless = `select name, broken::int, detail ->> 'rows' as rows from rowproof.check_result where kind = 'careful' and name like '%:%'`;
  expect(await run.target.query(careless)).toEqual([{ name: 'people:0', broken: 0, rows: '489' }]);
  await run.target.query(
    `update people set name = 'other' where no = 3; update people set name = 'other' where no = 601`,
  );
  await run.validation.proveMapping({ ref: run.ref, mapping: 'people' });
  expect(await run.target.query(careless)).toEqual([{ name: 'people:0', broken: 1, rows: '489' }]);
  expect(
    await run.target.query('select slice, class, column_name from rowproof.difference order by slice, key_digest'),
  ).toEqual([
    { slice: -1, class: 'mismatch', column_name: 'name' },
    { slice: 0, class: 'mismatch', column_name: 'name' },
    { slice: 0, class: 'mismatch', column_name: 'name' },
  ]);
});

test('A retried activity goes on after the slices that its earlier attempt stored', async () => {
  run = await openValidationRun({
    ...draft,
    settings: { ...draft.settings, proof: { sliceRows: 300, workMem: null } },
  } as never);
  await run.validation.proveMapping({ ref: run.ref, mapping: 'people' });
  const times = async (): Promise<string[]> =>
    (
      await (run as ValidationRun).target.query<{ at: string }>(
        'select proved_at::text as at from rowproof.proof order by slice',
      )
    ).map((row) => row.at);
  const before = await times();
  const heartbeats: Readonly<Record<string, unknown>>[] = [];
  const { createValidationActivities } = await import('../../../activities/proof');
  const retried = createValidationActivities({
    databases: run.databases,
    plansFolder: null,
    signal: () => undefined,
    heartbeat: (details) => heartbeats.push(details),
    lastHeartbeat: () => ({ mapping: 'people', slice: 5, slices: 7 }),
  });
  expect(await retried.proveMapping({ ref: run.ref, mapping: 'people' })).toMatchObject({ rows: 2000, ...clean });
  const after = await times();
  expect(after.map((at, slice) => at === before[slice])).toEqual([true, true, true, true, true, false, false]);
  expect(new Set(heartbeats.map((heartbeat) => heartbeat['slice']))).toEqual(new Set([5, 6, 7]));
});

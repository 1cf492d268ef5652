import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openValidationRun, type ValidationRun } from './validation-run';
import { writableQuarantine } from '../../support/writable-quarantine';

jest.setTimeout(120_000);

let run: ValidationRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const draft = {
  source: `
    create table "Kunde ""A""" (nr int primary key, mail text, land text, punkte int);
    insert into "Kunde ""A""" select g, 'm' || g || '@x.y', case when g % 2 = 0 then 'DE' else 'AT' end, g from generate_series(1, 100) g;
    create table auftrag (nr int primary key, kunde int, preis numeric);
    insert into auftrag select g, 1 + g % 100, g * 0.5 from generate_series(1, 300) g;`,
  target: `
    create table "Kunde ""A""" ("id.nr" int primary key, mail text unique, land text not null check (land in ('DE', 'AT')), punkte int);
    create table auftrag (nr int primary key, kunde int references "Kunde ""A""", preis numeric(8,2))`,
  mappings: [
    {
      name: 'kunde',
      from: { schema: 'public', name: 'Kunde "A"' },
      target: { schema: 'public', name: 'Kunde "A"' },
      where: 'nr <= 100',
      columns: [{ target: 'id.nr', from: ['nr'] }, { target: 'mail' }, { target: 'land' }, { target: 'punkte' }],
      rules: {
        mail: [
          { name: 'unique', args: null },
          { name: 'matches', args: '^[^@]+@[^@]+$' },
        ],
        land: [{ name: 'in', args: ['DE', 'AT'] }],
        punkte: [{ name: 'range', args: { min: 1, max: 100 } }],
        'id.nr': [{ name: 'not_null', args: null }],
      },
    },
    {
      name: 'auftrag',
      columns: [{ target: 'nr' }, { target: 'kunde' }, { target: 'preis' }],
      rules: { preis: [{ name: 'positive', args: null }] },
    },
  ],
} as const;

const broken = `select kind, name, broken::int as broken from rowproof.check_result where broken > 0 order by kind, name`;

test('A right migration is green, and the ledger says what was checked', async () => {
  run = await openValidationRun(draft as never);
  expect(await run.validate()).toEqual({
    green: true,
    sentence: 'every row accounted for, every field proved',
    problems: [],
    reconciliation: [
      {
        mapping: 'kunde',
        target: 'public.Kunde "A"',
        source: 100,
        migrated: 100,
        quarantined: 0,
        outOfScope: 0,
        unexplained: 0,
      },
      {
        mapping: 'auftrag',
        target: 'public.auftrag',
        source: 300,
        migrated: 300,
        quarantined: 0,
        outOfScope: 0,
        unexplained: 0,
      },
    ],
  });
  expect(await run.target.query(`select green, sentence from rowproof.verdict`)).toEqual([
    { green: true, sentence: 'every row accounted for, every field proved' },
  ]);
  expect(
    await run.target.query(
      `select kind, name from rowproof.check_result where name not like '%*' order by kind, name collate "C"`,
    ),
  ).toEqual(
    [
      ['constraint', 'public.Kunde "A"'],
      ['constraint', 'public.auftrag'],
      ['reference', 'public.auftrag.auftrag_kunde_fkey'],
      ['rule', 'auftrag.preis.positive'],
      ['rule', 'kunde.id.nr.not_null'],
      ['rule', 'kunde.land.in'],
      ['rule', 'kunde.mail.matches'],
      ['rule', 'kunde.mail.unique'],
      ['rule', 'kunde.punkte.range'],
    ].map(([kind, name]) => ({ kind, name })),
  );
});

test('Broken references, rules and constraints are counted by queries of their own', async () => {
  run = await openValidationRun(draft as never);
  await run.target.query(`
    alter table auftrag drop constraint auftrag_kunde_fkey;
    update auftrag set kunde = 4711 where nr <= 3;
    update auftrag set preis = 0 where nr = 1;
    alter table auftrag add constraint auftrag_kunde_fkey foreign key (kunde) references "Kunde ""A""" not valid;
    alter table "Kunde ""A""" drop constraint "Kunde ""A""_mail_key", alter land drop not null;
    update "Kunde ""A""" set mail = 'same', punkte = 101 where "id.nr" in (1, 2)`);
  // as discovery stores it: before the run everything was there
  await run.validate();
  expect(await run.target.query(broken)).toEqual([
    { kind: 'reference', name: 'public.auftrag.auftrag_kunde_fkey', broken: 3 },
    { kind: 'rule', name: 'auftrag.preis.positive', broken: 1 },
    { kind: 'rule', name: 'kunde.mail.matches', broken: 2 },
    { kind: 'rule', name: 'kunde.mail.unique', broken: 1 },
    { kind: 'rule', name: 'kunde.punkte.range', broken: 2 },
  ]);
  await run.target.query('alter table auftrag drop constraint auftrag_kunde_fkey');
  expect(await run.validation.proveReferences(run.ref)).toEqual({ checked: 1, broken: 1 });
});

test('What discovery saw on the target has to be there again', async () => {
  run = await openValidationRun(draft as never);
  const { readCatalog } = await import('../../../src/postgres/catalog/read-catalog');
  const session = await run.databases.ledger(run.ref, 'test');
  const catalog = await readCatalog(session);
  await session.query(`insert into rowproof.catalog (run, side, document) values ($1, 'target', $2::jsonb)`, [
    run.ref.run,
    JSON.stringify(catalog),
  ]);
  await session.close();
  expect(await run.validation.checkRules(run.ref)).toMatchObject({ broken: 0 });
  await run.target.query(`
    alter table "Kunde ""A""" drop constraint "Kunde ""A""_mail_key", alter land drop not null;
    alter table "Kunde ""A""" drop constraint "Kunde ""A""_land_check"`);
  expect(await run.validation.checkRules(run.ref)).toMatchObject({ broken: 3 });
  expect(
    await run.target.query(
      `select name, detail ->> 'problem' as problem from rowproof.check_result where broken > 0 order by name collate "C"`,
    ),
  ).toEqual([
    { name: 'public.Kunde "A".Kunde "A"_land_check', problem: 'check is missing' },
    { name: 'public.Kunde "A".Kunde "A"_mail_key', problem: 'index is missing' },
    { name: 'public.Kunde "A".land', problem: 'column is no longer NOT NULL' },
  ]);
});

test('Decisions are held to what they promised, and rows without a decision are not green', async () => {
  const dirty = {
    ...draft,
    source: `${draft.source}; update auftrag set preis = 12345678 where nr <= 10; update "Kunde ""A""" set land = null where nr = 100; delete from auftrag where kunde = 100`,
  };
  run = await openValidationRun({
    ...dirty,
    decisions: [
      { finding: 'auftrag.preis.*', do: 'quarantine', expect: { rows: 8, tolerance: 1 }, because: 'typos', by: 'ana' },
    ],
  } as never);
  expect((await run.validate()).problems).toEqual([
    'decision auftrag.preis.*: expected 8 ± 1 rows, saw 10',
    '1 row in quarantine without a decision: kunde.land.not_null',
  ]);
  await run.target
    .query(`insert into rowproof.decision (run, finding, action, expect_rows, tolerance, reason, decided_by, origin) values
    ('crm-1', 'kunde.land.not_null', 'quarantine', 1, 0, 'no country', 'ben', 'operator'),
    ('crm-1', 'auftrag.preis.*', 'quarantine', 10, 0, 'typos', 'ben', 'operator')`);
  expect(await run.validation.reconcile(run.ref)).toMatchObject({ green: true, problems: [] });
});

test('A rule that does not fit its column is broken, and the others are still checked', async () => {
  run = await openValidationRun({
    ...draft,
    mappings: [
      {
        ...draft.mappings[0],
        rules: { mail: [{ name: 'positive', args: null }], land: [{ name: 'in', args: ['DE'] }] },
      },
      draft.mappings[1],
    ],
  } as never);
  await run.validation.checkRules(run.ref);
  expect(await run.target.query(broken)).toEqual([
    { kind: 'rule', name: 'kunde.land.in', broken: 50 },
    { kind: 'rule', name: 'kunde.mail.positive', broken: 1 },
  ]);
});

test('An accepted finding is held to the rows that discovery counted', async () => {
  run = await openValidationRun({
    ...draft,
    decisions: [
      { finding: 'kunde.mail.case', do: 'accept', expect: { rows: 5, tolerance: 0 }, because: 'ok', by: 'ana' },
    ],
  } as never);
  await run.target.query(
    `insert into rowproof.finding (run, id, kind, severity, rows, sentence) values ('crm-1', 'kunde.mail.case', 'case', 'decide', 6, 's')`,
  );
  expect((await run.validate()).problems).toEqual(['decision kunde.mail.case: expected 5 rows, saw 6']);
});

test('Books that do not close are not green', async () => {
  run = await openValidationRun(draft as never);
  await run.validate();
  await run.target.query(`update rowproof.batch set migrated = migrated - 1 where mapping = 'auftrag'`);
  expect((await run.validation.reconcile(run.ref)).problems).toEqual([
    'auftrag: 1 row unexplained',
    'auftrag: the target has 300 rows, the receipts say 299',
  ]);
});

test('A sample is proved for its part and says that it is no migration', async () => {
  run = await openValidationRun({
    ...draft,
    mappings: [draft.mappings[0]],
    options: { sample: 20, only: ['kunde'] },
  } as never);
  await run.validation.proveMapping({ ref: run.ref, mapping: 'kunde' });
  await run.validation.proveReferences(run.ref);
  await run.validation.checkRules(run.ref);
  const verdict = await run.validation.reconcile(run.ref);
  expect(verdict).toMatchObject({
    green: true,
    sentence: 'sample of 20 %, only kunde: not a migration; every row of it accounted for, every field proved',
  });
  expect(verdict.reconciliation[0]?.source).toBeGreaterThan(0);
  expect(verdict.reconciliation[0]?.source).toBeLessThan(60);
});

test('Spot checks compare typed values from a file that stays where it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spot-'));
  await writeFile(join(folder, 'good.csv'), 'key.id.nr,mail,punkte\n1,m1@x.y,01\n2,m2@x.y,2\n');
  await writeFile(join(folder, 'latin.csv'), Buffer.from('nr,name\n1,M\xfcller\n', 'latin1'));
  await writeFile(
    join(folder, 'bad.yaml'),
    '- key: { nr: 1 }\n  expect: { preis: 0.5 }\n- key: { nr: 2 }\n  expect: { preis: 7, kunde: 3 }\n- key: { nr: 9999 }\n  expect: { preis: null }\n',
  );
  run = await openValidationRun(
    {
      ...draft,
      spotChecks: [
        { name: 'good', mapping: 'kunde', file: 'good.csv' },
        { name: 'bad', mapping: 'auftrag', file: 'bad.yaml' },
        { name: 'gone', mapping: 'auftrag', file: 'gone.yaml' },
        { name: 'latin', mapping: 'kunde', file: 'latin.csv' },
        { name: 'outside', mapping: 'auftrag', file: '../../../../../../../etc/passwd' },
      ],
    } as never,
    folder,
  );
  expect(await run.validation.runSpotChecks(run.ref)).toEqual({ checked: 5, broken: 4 });
  const results = await run.target.query(
    `select name, broken::int as broken, detail from rowproof.check_result where kind = 'spot_check' and name <> '*' order by name`,
  );
  expect(results).toEqual([
    { name: 'bad', broken: 2, detail: { checks: 3, columns: 'preis', problem: 'no row has the key' } },
    { name: 'gone', broken: 1, detail: { problem: 'the file is not in the plans folder of this worker' } },
    { name: 'good', broken: 0, detail: { checks: 2, columns: '', problem: null } },
    { name: 'latin', broken: 1, detail: { problem: 'the file is not UTF-8' } },
    { name: 'outside', broken: 1, detail: { problem: 'the file is not in the plans folder of this worker' } },
  ]);
  expect((await run.validation.reconcile(run.ref)).problems).toContain('spot check bad: 2 broken');
});

test('A row that settle took for want of a parent, though the target holds it, is broken', async () => {
  run = await openValidationRun({
    source: `create table parent (id int primary key); insert into parent select generate_series(1, 9);
      create table child (p int, n int, primary key (p, n)); insert into child select g, 1 from generate_series(1, 9) g`,
    target: `create table parent (id int primary key);
      create table child (p int references parent, n int, q int references parent, primary key (p, n))`,
    mappings: [
      { name: 'parent', columns: [{ target: 'id' }] },
      { name: 'child', columns: [{ target: 'p' }, { target: 'n' }, { target: 'q', from: ['p'] }] },
    ],
  } as never);
  expect(await run.validation.proveReferences(run.ref)).toEqual({ checked: 2, broken: 0 });
  await writableQuarantine(run.target);
  const take = (key: number, constraint: string): Promise<unknown> =>
    (run as ValidationRun).target.query(`delete from child where p = ${key};
      insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, constraint_name, refs, adjustment)
      values ('crm-1', 'child', '["${key}", "1"]', 'quarantined', 'orphan', 'child.p.orphan', '${constraint}', '{"p": "${key}", "n": "1"}', 1)`);
  await take(2, 'child_p_fkey');
  await take(3, 'child_q_fkey');
  // rightly taken: its parent is gone
  await take(9, 'child_p_fkey');
  await run.target.query('delete from parent where id = 9');
  expect(await run.validation.proveReferences(run.ref)).toEqual({ checked: 2, broken: 1 });
  expect(
    await run.target.query(
      `select name, broken::int, detail -> 'parentIsThere' as there from rowproof.check_result where kind = 'reference' and name <> '*' order by name`,
    ),
  ).toEqual([
    { name: 'public.child.child_p_fkey', broken: 1, there: 1 },
    { name: 'public.child.child_q_fkey', broken: 0, there: null },
  ]);
});

import { openQuietRun, type QuietRun } from './quiet-run';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const data = `create table zz_dict (val text primary key); insert into zz_dict values ('a'), ('b');
  create table a_data (id bigint primary key, val text);
  insert into a_data select g, (array['a', 'b', null])[1 + g % 3] from generate_series(1, 900) g;`;
const plan =
  'tables:\n  public.zz_dict: { from: public.zz_dict, columns: "*" }\n  public.a_data: { from: public.a_data, columns: "*" }\n';
const dict = 'create table zz_dict (val text primary key);';

/** A CHECK that needs the dictionary, written in each of the ways that PostgreSQL lets one write it. */
const ways: [string, string, string][] = [
  [
    'a stable function',
    `create function in_dict(p text) returns boolean language sql stable as $$ select exists (select from public.zz_dict where val = p) $$;`,
    'in_dict(val)',
  ],
  [
    'a function that calls itself IMMUTABLE',
    `create function in_dict(p text) returns boolean language plpgsql immutable as $$ begin return exists (select from zz_dict where val = p); end $$;`,
    'in_dict(val)',
  ],
  [
    'a standard body',
    `create function in_dict(p text) returns boolean language sql immutable begin atomic select exists (select from zz_dict where val = p); end;`,
    'in_dict(val)',
  ],
  [
    'a function behind another',
    `create function inner_dict(p text) returns boolean language sql immutable as $$ select exists (select from public.zz_dict where val = p) $$;
    create function in_dict(p text) returns boolean language sql immutable as $$ select public.inner_dict(p) $$;`,
    'in_dict(val)',
  ],
  [
    'an operator',
    `create function in_dict(p text, q int) returns boolean language sql immutable as $$ select exists (select from public.zz_dict where val = p) $$;
    create operator ??? (leftarg = text, rightarg = int, function = in_dict);`,
    'val ??? 1',
  ],
  [
    'dynamic SQL',
    `create function in_dict(p text) returns boolean language plpgsql as $$ declare f boolean; begin execute 'select exists (select from public.' || 'zz_' || 'dict where val = $1)' into f using p; return f; end $$;`,
    'in_dict(val)',
  ],
];

test.each(ways)(
  'A CHECK over another table by %s lets every row in that it lets in at the end',
  async (_, functions, check) => {
    run = await openQuietRun({
      source: data,
      target: `${dict} ${functions} create table a_data (id bigint primary key, val text constraint known check (val is null or ${check})); comment on constraint known on a_data is 'it''s known';`,
      plan,
    });
    expect(await run.discover()).toEqual({ 'a_data.known.untried': 0 });
    const verdict = await run.complete();
    expect(verdict.problems).toEqual([]);
    expect(verdict.reconciliation).toEqual(
      expect.arrayContaining([expect.objectContaining({ mapping: 'a_data', migrated: 900, quarantined: 0 })]),
    );
    expect(
      await run.rows(`select convalidated, obj_description(oid) from pg_constraint where conname = 'known'`),
    ).toEqual(['(t,"it\'s known")']);
    await expect(
      run.target.query(`set search_path to public; insert into a_data values (0, 'z')`),
    ).rejects.toMatchObject({ code: '23514' });
    expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
  },
);

test('Rows that break it at the end go to quarantine with those that depend on them, to a fixpoint', async () => {
  run = await openQuietRun({
    source: `${data} update a_data set val = 'gone' where id in (3, 7); insert into zz_dict values ('dropped'); update a_data set val = 'dropped' where id = 11;
      create table child (id int primary key, data bigint references a_data); insert into child values (1, 3), (2, 11), (3, 12);`,
    target: `create table zz_dict (val varchar(3) primary key);
      create function in_dict(p text) returns boolean language sql stable as $$ select exists (select from public.zz_dict where val = p) $$;
      create table a_data (id bigint primary key, val text, constraint known check (val is null or in_dict(val)));
      create table child (id int primary key, data bigint references a_data);
      create function has_child(p bigint) returns boolean language sql stable as $$ select $1 <> 12 or not exists (select from public.child where id = 1) $$;
      alter table a_data add constraint childless check (has_child(id));`,
    plan: `${plan}  public.child: { from: public.child, columns: "*" }\ndecisions: { "*": { do: quarantine, because: known, by: ana } }\n`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  const left = await run.target.query(
    'select mapping, source_key, reason, finding from rowproof.quarantine order by mapping, source_key',
  );
  expect(left).toEqual([
    { mapping: 'a_data', source_key: '["11"]', reason: 'check', finding: 'a_data.known.check' },
    { mapping: 'a_data', source_key: '["12"]', reason: 'check', finding: 'a_data.childless.check' },
    { mapping: 'a_data', source_key: '["3"]', reason: 'check', finding: 'a_data.known.check' },
    { mapping: 'a_data', source_key: '["7"]', reason: 'check', finding: 'a_data.known.check' },
    { mapping: 'child', source_key: '["1"]', reason: 'parent_quarantined', finding: 'child.data.parent_quarantined' },
    { mapping: 'child', source_key: '["2"]', reason: 'parent_quarantined', finding: 'child.data.parent_quarantined' },
    { mapping: 'child', source_key: '["3"]', reason: 'parent_quarantined', finding: 'child.data.parent_quarantined' },
    { mapping: 'zz_dict', source_key: '["dropped"]', reason: 'too_long', finding: 'zz_dict.val.too_long' },
  ]);
});

test('A row for which the function raises an error is quarantined, and the others stay', async () => {
  run = await openQuietRun({
    source: `${data} update a_data set val = 'bang' where id = 5;`,
    target: `${dict} create function in_dict(p text) returns boolean language plpgsql stable as $$ begin
        if p = 'bang' then raise exception 'bang'; end if; return exists (select from zz_dict where val = p); end $$;
      create table a_data (id bigint primary key, val text, constraint known check (val is null or in_dict(val)));`,
    plan: `${plan}decisions: { "*": { do: quarantine, because: known, by: ana } }\n`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(await run.target.query('select source_key from rowproof.quarantine')).toEqual([{ source_key: '["5"]' }]);
});

test('A CHECK that is only not IMMUTABLE is counted before the copy, and one of a partition is set aside as well', async () => {
  run = await openQuietRun({
    source: `create table p (id int primary key, v text); insert into p select g, case when g = 4 then 'no' else 'yes' end from generate_series(1, 100) g;`,
    target: `create function says_yes(text) returns boolean language sql as $$ select $1 = 'yes' $$;
      create table seen (v text); insert into seen values ('yes');
      create function is_seen(text) returns boolean language sql stable as $$ select exists (select from public.seen where v = $1) $$;
      create table p (id int, v text, constraint yes check (says_yes(v))) partition by range (id);
      create table p1 (id int not null, v text, constraint yes check (says_yes(v)), constraint own check (is_seen(v)));
      alter table p attach partition p1 for values from (0) to (50);
      create table p2 partition of p for values from (50) to (1000);
      alter table p add primary key (id);
      alter table p add constraint later check (is_seen(v)) not valid;`,
    plan: 'tables:\n  public.p: { from: public.p, columns: "*" }\ndecisions: { "p.yes.check": { do: quarantine, because: known, by: ana, expect: 1 } }\n',
  });
  expect(await run.discover()).toEqual({ 'p.later.untried': 0, 'p.yes.check': 1 });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation).toMatchObject([{ migrated: 99, quarantined: 1 }]);
  expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
});

test('What cannot be set aside is named before the run', async () => {
  const opened = openQuietRun({
    source: data,
    target: `${dict} create function in_dict(p text) returns boolean language sql immutable as $$ select exists (select from public.zz_dict where val = p) $$;
      create domain word as text constraint listed check (in_dict(value));
      create table a_data (id bigint primary key, val word, good boolean generated always as (in_dict(val)) stored);`,
    plan: `${plan}`,
  });
  run = await opened;
  const { compiled } = (
    await run.target.query<{ compiled: { checksAside: unknown[] } }>('select compiled from rowproof.run')
  )[0] as {
    compiled: { checksAside: unknown[] };
  };
  expect(compiled.checksAside).toEqual([]);
  expect(await run.warnings()).toEqual(
    expect.arrayContaining([
      ['RP2085', 'public.word.listed'],
      ['RP2085', 'public.a_data.good'],
    ]),
  );
});

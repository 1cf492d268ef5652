import { openQuietRun, type QuietRun } from './quiet-run';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const source = `create table documents (id int primary key, body text); insert into documents select g, 'b' from generate_series(1, 100) g;`;
const plan = 'tables:\n  public.documents: { from: public.documents, columns: "*" }\n';

const views = `create table documents (id int primary key, body text); create table outside (id int); insert into outside values (1);
  create function plain() returns bigint language sql stable as $$ select count(*) from public.documents $$;
  create function unqualified() returns bigint language plpgsql stable as $$ declare n bigint; begin select count(*) into n from documents; return n; end $$;
  create function nested() returns bigint language sql stable as $$ select public.plain() $$;
  create function quoted() returns bigint language plpgsql stable as $$ declare n bigint; begin execute 'select count(*) from public."documents"' into n; return n; end $$;
  create function standard() returns bigint language sql stable begin atomic select count(*) from documents; end;
  create function same(int, int) returns boolean language sql stable as $$ select $1 + (select count(*) from public.documents) = $2 + 100 $$;
  create operator === (leftarg = int, rightarg = int, function = same);
  create function fold(bigint, int) returns bigint language sql stable as $$ select public.plain() $$;
  create aggregate folded(int) (sfunc = fold, stype = bigint);
  create view through as select plain() as n;
  create materialized view by_plain as select plain() as n;
  create materialized view by_unqualified as select unqualified() as n with no data;
  create materialized view by_nested as select nested() as n;
  create materialized view by_quoted as select quoted() as n;
  create materialized view by_standard as select standard() as n;
  create materialized view by_operator as select case when 7 === 7 then 100 else 0 end as n;
  create materialized view by_aggregate as select folded(id) as n from outside;
  create materialized view by_view as select n from through with no data;
  create materialized view a_second as select n from by_view with no data;
  create materialized view direct as select count(*) as n from documents with no data;`;

const names = [
  'by_plain',
  'by_unqualified',
  'by_nested',
  'by_quoted',
  'by_standard',
  'by_operator',
  'by_aggregate',
  'by_view',
  'a_second',
  'direct',
];

test('Views that read a mapped table through functions, operators and other views are refreshed, empty ones too, and rollback undoes it', async () => {
  run = await openQuietRun({ source, target: views, plan });
  const verdict = await run.complete();
  expect(verdict.sentence).toBe('every row accounted for, every field proved');
  for (const name of names) expect([name, await run.rows(`select n from ${name}`)]).toEqual([name, ['(100)']]);
  expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
  expect(await run.rows(`select relname from pg_class where relkind = 'm' and not relispopulated`)).toEqual([
    '(a_second)',
    '(by_unqualified)',
    '(by_view)',
    '(direct)',
  ]);
});

test('A view that cannot be followed, holds nothing or is refused is named with the reason, before the copy and in the verdict', async () => {
  run = await openQuietRun({
    source,
    target: `create table documents (id int primary key, body text); create table outside (id int); insert into outside values (1);
      create function hidden(t text) returns bigint language plpgsql stable as $$ declare n bigint; begin execute format('select count(*) from public.%I', t) into n; return n; end $$;
      create materialized view opaque as select hidden('outside') as n;
      create materialized view empty as select * from outside with no data;
      create materialized view untouched as select count(*) as n from outside;
      create materialized view refused as select 1 / (max(id) - 100) as n from documents with no data;`,
    plan,
  });
  expect(await run.discover()).toEqual({ 'public.empty.view': 0, 'public.opaque.view': 0 });
  const verdict = await run.complete();
  expect(verdict.green).toBe(true);
  expect(verdict.sentence).toContain('; not refreshed: "public"."empty", "public"."opaque", "public"."refused"');
  const checks = await run.target.query<{ name: string; why: string }>(
    `select name, detail ->> 'not refreshed' as why from rowproof.check_result where kind = 'view' and name <> '*' order by name`,
  );
  expect(checks).toEqual([
    { name: '"public"."empty"', why: 'it holds no rows, and is not known to read a mapped table' },
    { name: '"public"."opaque"', why: 'it calls public.hidden, which cannot be analyzed' },
    {
      name: '"public"."refused"',
      why: expect.stringMatching(
        /while refreshing materialized view public\.refused: division_by_zero \(22012\)/,
      ) as string,
    },
  ]);
});

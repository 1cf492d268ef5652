import { openQuietRun, type QuietRun } from './quiet-run';
import { writableQuarantine } from '../../support/writable-quarantine';

jest.setTimeout(180_000);

let run: QuietRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

/** Types without an order, NULLs, and rows that occur one, two and three times. */
const log = `
create table log (at timestamptz, line text, doc json, place point, tree xml, n numeric, small smallint);
insert into log select '2024-01-01'::timestamptz + (g / 3) * interval '1 s', case when g % 50 < 6 then null else 'x' || g / 3 end,
  '{"a":  1, "a": 2}', '(1,2)', '<a/>', 1.50, g / 300 from generate_series(1, 2000) g;
insert into log select null, null, null, null, null, null, null from generate_series(1, 7);
`;
const logTarget =
  'create table log (at timestamptz, line text, doc json, place point, tree xml, n numeric, small smallint);';
const small = 'settings: { batch: { rows: 100 } }\n';
const everything = 'select at, line, doc::text, place::text, tree::text, n, small from log';

async function sourceRows(sql: string): Promise<string[]> {
  const [row] = await (run as QuietRun).source.query<{ rows: string[] }>(
    `select array_agg(t::text order by t::text) as rows from (${sql}) t`,
  );
  return row?.rows ?? [];
}

test('A table without a key on either side arrives with its duplicates, in many batches, and is proved', async () => {
  run = await openQuietRun({
    source: log,
    target: logTarget,
    plan: `tables:\n  public.log: { from: public.log, columns: "*" }\n${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation).toMatchObject([{ source: 2007, migrated: 2007, quarantined: 0 }]);
  expect(await run.rows(everything)).toEqual(await sourceRows(everything));
  expect(await run.target.query('select count(*)::int as n from rowproof.batch')).toEqual([{ n: 21 }]);
  expect(await run.target.query('select identical::int, expected::int from rowproof.proof')).toEqual([
    { identical: 2007, expected: 2007 },
  ]);
});

test.each([
  [
    'a duplicate that is lost',
    `delete from log where ctid = (select min(ctid) from log where line = 'x110')`,
    'missing',
  ],
  ['a duplicate too many', `insert into log select * from log where line = 'x110' limit 1`, 'extraneous'],
  [
    'a row of NULLs that is lost',
    `delete from log where ctid = (select min(ctid) from log where at is null)`,
    'missing',
  ],
  [
    'a value that changed',
    `update log set n = 1.5 where ctid = (select max(ctid) from log where line = 'x110')`,
    'both',
  ],
  [
    'a duplicate in the place of another row',
    `update log set line = 'x111', at = (select at from log where line = 'x111' limit 1) where ctid = (select max(ctid) from log where line = 'x110')`,
    'both',
  ],
])('%s is found, and the ledger holds no value of it', async (_, harm, found) => {
  run = await openQuietRun({
    source: log,
    target: logTarget,
    plan: `tables:\n  public.log: { from: public.log, columns: "*" }\n${small}`,
  });
  expect((await run.complete()).green).toBe(true);
  await run.target.query(harm);
  expect((await run.prove()).green).toBe(false);
  const one = {
    missing: { missing: 1, extraneous: 0 },
    extraneous: { missing: 0, extraneous: 1 },
    both: { missing: 1, extraneous: 1 },
  };
  expect(await run.target.query('select missing::int, extraneous::int from rowproof.proof')).toEqual([
    one[found as keyof typeof one],
  ]);
  expect(await run.target.query('select distinct target_key from rowproof.difference')).toEqual([{ target_key: null }]);
});

test('Bad rows of a table without a key go to quarantine one by one, duplicates included, and the books balance', async () => {
  run = await openQuietRun({
    source: `${log} update log set line = 'bad' where line in ('x3', 'x4'); update log set line = 'no' where line = 'x5';`,
    target: `create table log (at timestamptz, line varchar(3) check (line <> 'bad'), doc json, place point, tree xml, n numeric, small smallint);
      create function refuse() returns trigger language plpgsql as $$ begin if new.line = 'no' then raise 'no'; end if; return new; end $$;
      create trigger refuse before insert on log for each row execute function refuse();`,
    plan: `tables:
  public.log:
    from: public.log
    columns: "*"
decisions:
  log.refuse.trigger: { do: fire, because: it belongs to the table, by: ana }
  "log.*": { do: quarantine, because: known, by: ana }
${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  const [counted] = await run.source.query<{ bad: number; long: number; no: number }>(
    `select count(*) filter (where line = 'bad')::int as bad, count(*) filter (where length(line) > 3)::int as long,
       count(*) filter (where line = 'no')::int as no from log`,
  );
  const { bad, long, no } = counted as { bad: number; long: number; no: number };
  expect([bad, long, no].every((rows) => rows > 1)).toBe(true);
  expect(verdict.reconciliation).toMatchObject([
    { source: 2007, migrated: 2007 - bad - long - no, quarantined: bad + long + no },
  ]);
  const kept = `${everything} where line is null or (length(line) <= 3 and line not in ('bad', 'no'))`;
  expect(await run.rows(everything)).toEqual(await sourceRows(kept));
  expect(
    await run.target.query(
      `select reason, count(*)::int as n from rowproof.quarantine group by reason order by reason`,
    ),
  ).toEqual([
    { reason: 'check', n: bad },
    { reason: 'raised', n: no },
    { reason: 'too_long', n: long },
  ]);
});

test('A row that a table without a key holds in quarantine without cause is not green', async () => {
  run = await openQuietRun({
    source: log,
    target: logTarget,
    plan: `tables:\n  public.log: { from: public.log, columns: "*" }\n${small}`,
  });
  expect((await run.complete()).green).toBe(true);
  const [place] = await run.source.query<{ key: string }>(
    `select jsonb_build_array(min(ctid)::text)::text as key from log where line = 'x110'`,
  );
  await run.target.query(`delete from log where ctid = (select min(ctid) from log where line = 'x110')`);
  await writableQuarantine(run.target);
  await run.target.query(
    `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, findings, batch)
     values ($1, 'log', $2, 'quarantined', 'too_long', 'log.line.too_long', '{log.line.too_long}', 0)`,
    [run.ref.run, place?.key],
  );
  expect((await run.prove()).green).toBe(false);
});

test('A key that only the target has takes the first of rows that repeat it', async () => {
  run = await openQuietRun({
    source: `create table t (id int, v text); insert into t select g, 'v' || g from generate_series(1, 300) g;
      insert into t values (7, 'again'), (7, 'again'), (null, 'none');`,
    target: 'create table t (id int primary key, v text);',
    plan: `tables:\n  public.t: { from: public.t, columns: "*" }
decisions:\n  "t.*": { do: quarantine, because: known, by: ana }\n${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation).toMatchObject([{ source: 303, migrated: 300, quarantined: 3 }]);
  expect(await run.rows('select v from t where id = 7')).toEqual(['(v7)']);
});

test('Keys that allow NULL, or are expressions, still hold for rows that are compared by their contents', async () => {
  run = await openQuietRun({
    source: `create table t (a int, b text, c int); create unique index on t (lower(b));
      insert into t select nullif(g % 10, 0), 'b' || g, g from generate_series(1, 100) g; create table p (a int, x text);
      insert into p select nullif(g, 1), 'p' from generate_series(1, 300) g; insert into p values (5, 'p'), (6, 'q'), (null, null), (null, null);`,
    target: `create table t (a int, b text, c int); create unique index on t (lower(b));
      create table p (a int unique, x text);
      alter table t add foreign key (a) references p (a);`,
    plan: `tables:
  public.t: { from: public.t, columns: "*" }
  public.p: { from: public.p, columns: "*", where: "a is null or a <> 4" }
decisions:\n  "*": { do: quarantine, because: known, by: ana }\n${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(verdict.reconciliation).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ mapping: 'p', source: 304, outOfScope: 1, quarantined: 2, migrated: 301 }),
      expect.objectContaining({ mapping: 't', source: 100 }),
    ]),
  );
  expect(await run.rows('select * from p where a is null')).toEqual(['(,)', '(,)', '(,p)']);
  expect(await run.rows('select x from p where a = 6')).toEqual(['(p)']);
  expect(await run.rows('select distinct a from t')).not.toContain('(4)');
});

test('A partitioned table without a key is copied by the places of its partitions into one that gives its own ids', async () => {
  run = await openQuietRun({
    source: `create table e (day date, v text) partition by range (day);
      create table e1 partition of e for values from ('2024-01-01') to ('2024-02-01'); create table e2 partition of e default;
      insert into e select '2024-01-01'::date + g % 60, 'v' || g % 7 from generate_series(1, 900) g;`,
    target: 'create table e (id bigint generated always as identity primary key, day date, v text);',
    plan: `tables:\n  public.e: { from: public.e, columns: "*" }\n${small}`,
  });
  const verdict = await run.complete();
  expect(verdict.problems).toEqual([]);
  expect(await run.rows('select day, v from e')).toEqual(await sourceRows('select day, v from e'));
  await run.target.query(`insert into e (v) values ('more')`);
});

test('Rollback takes away exactly what was written', async () => {
  run = await openQuietRun({
    source: log,
    target: `${logTarget} insert into log (line) values ('before'), ('before');`,
    plan: `tables:\n  public.log: { from: public.log, columns: "*", when_not_empty: replace }\n${small}`,
  });
  expect((await run.complete()).green).toBe(true);
  expect(await run.rollBack()).toEqual({ equal: true, differences: [], notes: [] });
  expect(await run.rows('select line from log')).toEqual(['(before)', '(before)']);
});

test('A batch of places that was cut short is copied once', async () => {
  run = await openQuietRun({
    source: log,
    target: logTarget,
    plan: `tables:\n  public.log: { from: public.log, columns: "*" }\n${small}`,
  });
  await run.discover();
  await run.prepare();
  await run.copy();
  await run.copy();
  await run.finish();
  expect((await run.prove()).problems).toEqual([]);
});

const captured = (capture: string): string => `version: 1
name: quiet
sources: { old: { url: "\${SOURCE_URL}" } }
target: { url: "\${TARGET_URL}" }
capture: ${capture}
tables:
  public.log: { from: public.log, columns: "*" }
`;

test.each(['triggers', 'logical'])('With %s a table without a key is refused with the ways out', async (capture) => {
  const opened = openQuietRun({ source: log, target: logTarget, plan: captured(capture), whole: true });
  await expect(opened).rejects.toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({ code: 'RP2011', fix: expect.stringContaining('big_bang') as string }),
      expect.objectContaining({ code: 'RP2018', fix: expect.stringContaining('big_bang') as string }),
    ]) as unknown,
  });
});

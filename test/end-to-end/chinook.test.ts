import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lookAt } from '../support/postgres/fingerprint';
import { ordinaryRole } from '../support/gated-bench';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createWorkbench, document, type Workbench } from '../support/workbench';

const example = join(__dirname, '..', '..', 'examples', 'chinook');
const file = chinookFile(process.env['CHINOOK_SQL']);
if (file === null) {
  process.stderr.write(
    'Skipped: the Chinook example. Set CHINOOK_SQL to the path of Chinook_PostgreSql.sql (see examples/chinook/README.md).\n',
  );
}

/** The public release's file, given as a file or as its folder; null where it is absent. */
function chinookFile(given: string | undefined): string | null {
  if (given === undefined || !existsSync(given)) return null;
  const path = statSync(given).isDirectory() ? join(given, 'Chinook_PostgreSql.sql') : given;
  return existsSync(path) ? path : null;
}

/** Without the lines that make a database and connect to it: those are psql's and ours to do. */
function statements(path: string): string {
  return readFileSync(path, 'utf8').replace(/^(DROP DATABASE|CREATE DATABASE|\\c)\b.*$/gm, '');
}

interface RunDocument {
  readonly run: string;
  readonly outcome: string;
  readonly tables: readonly Record<string, number | string>[];
}

/** What a person would compare by hand: one query a side, written without anything of the product. */
const comparisons: readonly [string, string, string][] = [
  [
    'performers and what they released',
    `select trim(a.name) as performer, trim(b.title) as title from public.artist a left join public.album b using (artist_id)`,
    `select p.name as performer, r.title from store.performer p left join store.release r on r.performer_id = p.id`,
  ],
  [
    'recordings with their format, price, length and place in the catalogue',
    `select t.track_id + 100000 as id, trim(t.name) as title, b.title as release, g.name as genre, t.composer,
       case m.name when 'MPEG audio file' then 'mpeg' when 'AAC audio file' then 'aac' when 'Purchased AAC audio file' then 'aac_purchased'
         when 'Protected AAC audio file' then 'aac_protected' else 'mpeg4_video_protected' end as format,
       t.milliseconds / 1000.0 as seconds, t.bytes, t.unit_price * 100 as cents
     from public.track t join public.album b using (album_id) join public.genre g using (genre_id) join public.media_type m using (media_type_id)`,
    `select r.id, r.title, l.title as release, g.label as genre, r.composer, r.format::text, r.duration_s as seconds, r.size_bytes as bytes,
       r.list_price_cents as cents
     from store.recording r join store.release l on l.id = r.release_id join store.genre g on g.id = r.genre_id`,
  ],
  [
    'the staff and who reports to whom',
    `select e.first_name || ' ' || e.last_name as name, m.email as manager, e.birth_date::date::text as born, e.hire_date::date::text as hired
     from public.employee e left join public.employee m on m.employee_id = e.reports_to`,
    `select s.full_name as name, m.login || '@chinookcorp.com' as manager, s.born_on::text as born, s.hired_on::text as hired
     from store.staff s left join store.staff m on m.id = s.manager_id`,
  ],
  [
    'clients, their adviser and what they paid since 2022',
    `select c.customer_id as no, c.first_name || ' ' || c.last_name as name, c.email, c.company, c.postal_code, e.last_name as adviser,
       count(i.invoice_id)::int as bills, sum(i.total) as paid, min(i.invoice_date at time zone 'America/Edmonton' at time zone 'UTC')::text as first
     from public.customer c join public.employee e on e.employee_id = c.support_rep_id
     left join public.invoice i on i.customer_id = c.customer_id and i.invoice_date >= '2022-01-01' group by 1, 2, 3, 4, 5, 6`,
    `select c.customer_no as no, c.full_name as name, c.email, c.company, c.postal_code, split_part(s.full_name, ' ', 2) as adviser,
       count(b.id)::int as bills, sum(b.total) as paid, min(b.billed_at at time zone 'UTC')::text as first
     from store.client c join store.staff s on s.id = c.adviser_id left join store.bill b on b.client_id = c.id group by 1, 2, 3, 4, 5, 6`,
  ],
  [
    'what was sold, by country and recording',
    `select substr(i.billing_country, 1, 1) as letter, l.track_id + 100000 as recording, l.quantity::int, l.unit_price * 100 as cents
     from public.invoice_line l join public.invoice i using (invoice_id) where i.invoice_date >= '2022-01-01'`,
    `select substr(case b.country when 'ES' then 'Spain' when 'AT' then 'Austria' when 'CL' then 'Chile' when 'DE' then 'Germany'
         when 'GB' then 'United Kingdom' else b.country end, 1, 1) as letter,
       l.recording_id as recording, l.quantity::int, l.price_cents as cents
     from store.bill_line l join store.bill b on b.id = l.bill_id`,
  ],
  [
    'playlists: the first of each name, with its entries',
    `select p.name, count(t.track_id)::int as entries, sum(t.track_id) + 100000 * count(t.track_id) as ids
     from (select distinct on (name) * from public.playlist order by name, playlist_id) p left join public.playlist_track t using (playlist_id) group by 1`,
    `select p.name, count(e.recording_id)::int as entries, sum(e.recording_id) as ids
     from store.playlist p left join store.playlist_entry e on e.playlist_id = p.id group by 1`,
  ],
];

/** Rows as sorted texts; numbers without trailing zeros, so that 0.990 equals 0.99. */
function texts(rows: readonly Record<string, unknown>[]): string[] {
  const plain = (value: unknown): unknown =>
    typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  return rows.map((row) => JSON.stringify(Object.entries(row).map(([name, value]) => [name, plain(value)]))).sort();
}

/** Each step stands on the one before: the commands of examples/chinook/README.md, by roles that are no superusers. */
(file === null ? describe.skip : describe)('the Chinook example', () => {
  const id = randomBytes(4).toString('hex');
  const roles = { reader: `chinook_reader_${id}`, owner: `store_owner_${id}` };
  let temporal: TestTemporal;
  let source: TestDatabase;
  let target: TestDatabase;
  let bench: Workbench;
  let plan: string;
  let before: Awaited<ReturnType<typeof lookAt>>;
  let run: RunDocument;
  const store = <Row>(sql: string, values?: unknown[]): Promise<Row[]> =>
    target.query(sql, values) as unknown as Promise<Row[]>;

  beforeAll(async () => {
    temporal = await startTemporal();
    source = await createDatabase({ prefix: 'chinook' });
    target = await createDatabase({ prefix: 'store' });
    await source.query(statements(file as string));
    const password = randomBytes(12).toString('hex');
    const urls = {
      CHINOOK_URL: await ordinaryRole(source, roles.reader, password),
      STORE_URL: await ordinaryRole(target, roles.owner, password),
    };
    await source.query(
      `grant select on all tables in schema public to ${roles.reader}; grant set on parameter log_min_messages to ${roles.reader}, ${roles.owner}`,
    );
    const schema = readFileSync(join(example, 'target-schema.sql'), 'utf8');
    await target.query(
      `grant create on database "${target.name}" to ${roles.owner}; set role ${roles.owner}; ${schema}`,
    );
    bench = createWorkbench(temporal, urls);
    plan = join(bench.folder, 'plans', 'chinook');
    cpSync(example, plan, { recursive: true });
    before = await lookAt(store, 'store');
    bench.start('worker', '--plans', plan);
  });
  afterAll(async () => {
    await bench.close();
    await target.query(`drop owned by ${roles.owner} cascade; drop role ${roles.owner}`);
    await source.query(`drop owned by ${roles.reader} cascade; drop role ${roles.reader}`);
    await source.drop();
    await target.drop();
    await temporal.stop();
  });

  it('has a plan without a problem or a warning', async () => {
    const checked = await bench.rowproof('check', plan, '--output', 'json');
    expect(document(checked)).toMatchObject({ ok: true, plan: 'chinook', problems: [] });
    expect(checked.code).toBe(0);
  });

  it('is refused by check while a right is missing, by name', async () => {
    await target.query(`revoke temporary on database "${target.name}" from public`);
    const refused = await bench.rowproof('check', plan, '--output', 'json');
    expect(document<{ problems: { code: string }[] }>(refused).problems.map(({ code }) => code)).toEqual(['RP2046']);
    expect(refused.code).toBe(2);
    await target.query(`grant temporary on database "${target.name}" to ${roles.owner}`);
  });

  it('is proved, and its books close', async () => {
    const ended = await bench.rowproof('run', plan, '--output', 'json');
    run = document<RunDocument>(ended);
    expect([ended.code, run.outcome, run.run]).toEqual([0, 'complete', 'chinook-1']);
    expect(
      run.tables.map((row) => [
        row['table'],
        row['source'],
        row['out_of_scope'],
        row['quarantined'],
        row['migrated'],
        row['unexplained'],
      ]),
    ).toEqual([
      ['performer', 275, 0, 0, 275, 0],
      ['release', 347, 0, 0, 347, 0],
      ['genre', 25, 0, 0, 25, 0],
      ['recording', 3503, 0, 0, 3503, 0],
      ['staff', 8, 0, 0, 8, 0],
      ['client', 59, 0, 0, 59, 0],
      ['bill', 412, 83, 0, 329, 0],
      ['bill_line', 2240, 454, 0, 1786, 0],
      ['playlist', 18, 0, 4, 14, 0],
      ['playlist_entry', 8715, 0, 3503, 5212, 0],
    ]);
  });

  it.each(comparisons)('agrees on %s', async (_what, old, now) => {
    const [expected, actual] = [texts(await source.query(old)), texts(await target.query(now))];
    expect(expected.length).toBeGreaterThan(5);
    expect(actual).toEqual(expected);
  });

  it('stands under the rules of its design: valid constraints, sequences ahead, a fresh view', async () => {
    const now = await lookAt(store, 'store');
    const defined = (seen: typeof now): unknown => [
      seen['columns'],
      seen['constraints'],
      seen['indexes'],
      seen['relations'],
    ];
    expect(defined(now)).toEqual(defined(before));
    const [bill] = await target.query<{ id: string }>(
      `insert into store.bill (client_id, billed_at, country, total) select id, now(), 'CA', 1 from store.client limit 1 returning id`,
    );
    expect(Number(bill?.id)).toBeGreaterThan(1000412);
    await target.query(`delete from store.bill where id = ${Number(bill?.id)}`);
    const [view] = await target.query(`select sum(sold)::int as sold from store.revenue_by_genre`);
    expect(view).toEqual({ sold: 1786 });
  });

  it('is undone by rollback: the target is empty and as it was', async () => {
    const undone = await bench.rowproof('rollback', run.run, '--by', 'ana', '--reason', 'tried it', '--output', 'json');
    expect(document(undone)).toMatchObject({ run: 'chinook-1', fingerprintEqual: true });
    expect(undone.code).toBe(0);
    const { sequences: had, ...old } = before;
    const { sequences: has, ...now } = await lookAt(store, 'store');
    expect(now).toEqual(old);
    expect(has).toHaveLength(had?.length ?? 0);
    for (const table of run.tables)
      expect(await target.query(`select 1 from ${String(table['target'])} limit 1`)).toEqual([]);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compareManifest, type SeenRow } from '../../src/demo/compare-manifest';
import { startLiveWriter } from '../../src/dev/live-writer';
import { createDemoBench, type DemoBench } from '../support/demo-bench';
import { lookAt } from '../support/postgres/fingerprint';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { document } from '../support/workbench';

interface RunDocument {
  readonly verdict: string;
  readonly outcome: string;
  readonly run: string;
  readonly ui: string;
  readonly report: string;
  readonly report_json: string;
  readonly seconds: number;
  readonly tables: readonly Record<string, number | string>[];
}

/** Each step stands on the one before: one migration from the first command to the last. */
describe('a migration of the demo’s data, small', () => {
  let temporal: TestTemporal;
  let bench: DemoBench;
  let before: Awaited<ReturnType<typeof lookAt>>;
  let run: RunDocument;

  beforeAll(async () => {
    temporal = await startTemporal();
    bench = await createDemoBench(temporal, {
      rows: 4_000,
      batchRows: 400,
      capture: 'triggers',
      // nobody writes while the first migration lasts
      edit: (plan) => plan.replace('capture: triggers', 'capture: none'),
    });
    before = await lookAt(bench.crm, 'crm');
    bench.worker();
  });
  afterAll(async () => {
    await bench.close();
    await temporal.stop();
  });

  it('checks the plan, and previews rows, without writing anything', async () => {
    const check = await bench.rowproof('check', bench.plan, '--output', 'json');
    expect(document(check)).toMatchObject({ ok: true, plan: 'demo' });
    expect(check.code).toBe(0);
    const preview = await bench.rowproof('preview', 'customer', '--plan', bench.plan, '--limit', '3');
    expect(preview.code).toBe(0);
    const statements = await bench.rowproof('plan', bench.plan, '--sql');
    expect(statements.stdout).toMatch(/COPY|copy/);
    expect(await lookAt(bench.crm, 'crm')).toEqual(before);
    expect(await bench.crm(`select 1 from pg_namespace where nspname = 'rowproof'`)).toEqual([]);
  });

  it('ends with one JSON document: verdict, books of each table, seconds, links and report', async () => {
    const result = await bench.rowproof('run', bench.plan, '--output', 'json');
    run = document<RunDocument>(result);
    expect([result.code, run.outcome, run.run]).toEqual([0, 'complete', 'demo-1']);
    expect(run.verdict).toMatch(/COMPLETE|[Ee]very row accounted for/);
    expect(run.seconds).toBeGreaterThan(0);
    expect(run.ui).toBe(`${temporal.uiUrl}/namespaces/${temporal.namespace}/workflows/demo-1`);
    const counted = await bench.legacy<{ name: string; rows: number }>(
      `select relname as name, (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from public.%I', relname), false, true, '')))[1]::text::int as rows
       from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`,
    );
    expect(run.tables.map((table) => table['source']).reduce((a, b) => Number(a) + Number(b), 0)).toBe(
      counted.reduce((sum, { rows }) => sum + rows, 0),
    );
    for (const table of run.tables) {
      const [row] = await bench.crm<{ rows: number }>(`select count(*)::int as rows from ${String(table['target'])}`);
      expect([table['table'], table['migrated'], table['unexplained']]).toEqual([table['table'], row?.rows, 0]);
      expect(table['source']).toBe(
        Number(table['migrated']) + Number(table['quarantined']) + Number(table['out_of_scope']),
      );
    }
  });

  it('has in quarantine what the truth manifest says, row for row', async () => {
    const seen = await bench.crm<SeenRow>(
      `select mapping, source_key as key, class, finding from rowproof.quarantine where run = 'demo-1'`,
    );
    const { differences, agreed, planted } = compareManifest(bench.place.manifest.planted, seen);
    expect(differences).toEqual([]);
    expect(agreed).toBe(planted);
    expect(planted).toBeGreaterThan(20);
  });

  it('puts back foreign keys, indexes and constraints, valid, and sequences ahead', async () => {
    const after = await lookAt(bench.crm, 'crm');
    for (const part of ['columns', 'constraints', 'indexes', 'triggers', 'relations']) {
      expect(after[part]).toEqual(before[part]);
    }
    const [row] = await bench.crm<{ ahead: boolean }>(
      `select last_value > (select max(id) from crm.sales_order) as ahead from crm.sales_order_id_seq`,
    );
    expect(row?.ahead).toBe(true);
    const [totals] = await bench.crm<{ rows: number }>(`select count(*)::int as rows from crm.customer_totals`);
    expect(totals?.rows).toBeGreaterThan(0);
  });

  it('wrote several batches of each larger table, each with one receipt', async () => {
    const batches = await bench.crm<{ mapping: string; batches: number; done: number }>(
      `select mapping, count(*)::int as batches, count(*) filter (where state = 'done')::int as done
       from rowproof.batch group by mapping order by mapping`,
    );
    expect(batches.every(({ batches: all, done }) => all === done)).toBe(true);
    expect(batches.find(({ mapping }) => mapping === 'order_line')?.batches).toBeGreaterThan(2);
  });

  it('writes a report of one offline page and its JSON twin, both without row values', async () => {
    expect(existsSync(run.report)).toBe(true);
    const html = readFileSync(run.report, 'utf8');
    expect(html).not.toMatch(/(src|href)="https?:/);
    const again = await bench.rowproof('report', '--output', 'json');
    expect(again.code).toBe(0);
    const twin = document(again);
    expect(JSON.parse(readFileSync(run.report_json, 'utf8'))).toEqual(twin);
    const [bad] = await bench.legacy<{ e_mail: string }>(
      `select e_mail from tbl_cust where length(e_mail) > 60 limit 1`,
    );
    for (const text of [html, again.stdout]) expect(text).not.toContain(bad?.e_mail ?? 'no such row');
  });

  it('shows status and quarantine from the ledger', async () => {
    const status = await bench.rowproof('status', '--output', 'json');
    expect(document(status)).toMatchObject({ run: { outcome: 'complete' } });
    expect(status.code).toBe(0);
    const quarantine = await bench.rowproof('quarantine', 'demo-1', '--output', 'json');
    const groups = document<{ quarantine: { rows: number }[] }>(quarantine).quarantine;
    expect(groups.reduce((sum, { rows }) => sum + rows, 0)).toBe(
      bench.place.manifest.planted.filter(({ finding }) => finding !== 'where').length,
    );
  });

  it('says of a plan that no run was started of it, beside those of another', async () => {
    const other = bench.write('other.yaml', readFileSync(bench.plan, 'utf8').replace(/^name: .*$/m, 'name: other'));
    const { code, stderr } = await bench.rowproof('status', '--plan', other);
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching(/Plan other has no run yet[\s\S]*rowproof run[\s\S]*RP4012/),
    ]);
  });

  it('exports the original rows of the quarantine as CSV, and records that it did', async () => {
    const csv = await bench.rowproof('quarantine', '--csv', '--table', 'customer');
    expect(csv.code).toBe(0);
    const planted = bench.place.manifest.planted.filter(
      ({ table, class: kind, finding }) => table === 'tbl_cust' && kind === 'quarantined' && finding !== 'where',
    );
    for (const { key } of planted) {
      const [row] = await bench.legacy<{ cust_no: number }>(`select cust_no from tbl_cust where cust_no = $1`, [
        (JSON.parse(key) as string[])[0],
      ]);
      expect(csv.stdout).toContain(String(row?.cust_no));
    }
    const events = await bench.crm<{ kind: string }>(`select kind from rowproof.event where kind like '%quarantine%'`);
    expect(events.length).toBeGreaterThan(0);
  });

  it('starts nothing anew for a person who looks: a second run of the plan finds the target full', async () => {
    const again = await bench.rowproof('run', bench.plan);
    expect(again.code).not.toBe(0);
    expect(again.stderr).toMatch(/RP\d{4}/);
    expect(again.stderr).toMatch(/not empty|holds rows|has rows/);
  });

  it('rolls back from the ledger: the target is as before, by a look of our own', async () => {
    const result = await bench.rowproof(
      'rollback',
      'demo-1',
      '--by',
      'ana',
      '--reason',
      'rehearsal over',
      '--output',
      'json',
    );
    expect(document(result)).toMatchObject({ fingerprintEqual: true, run: 'demo-1' });
    expect(result.code).toBe(0);
    expect(await lookAt(bench.crm, 'crm')).toEqual(before);
    const twice = await bench.rowproof('rollback', 'demo-1', '--by', 'ana', '--reason', 'again');
    expect(twice.code).toBe(0);
    expect(await lookAt(bench.crm, 'crm')).toEqual(before);
  });

  it('migrates again after a rollback, this time beside the application, and says how long that could not write', async () => {
    const file = bench.write(
      'demo.yaml',
      readFileSync(bench.plan, 'utf8').replace('capture: none', 'capture: triggers'),
    );
    const application = await startLiveWriter(bench.place.applicationUrl, 11, bench.place.live);
    const second = bench.start('run', file, '--wait');
    const { code } = await bench.until('demo-2', ({ gate }) => gate === 'cutover');
    const person = ['--by', 'ana', '--reason', 'a short night'];
    expect((await bench.rowproof('cutover', 'demo-2', '--drill', ...person)).code).toBe(0);
    expect((await bench.rowproof('cutover', 'demo-2', '--code', code, ...person)).code).toBe(0);
    expect([await second.ended, second.stderr()]).toEqual([0, expect.any(String)]);
    expect(second.stdout()).toMatch(/writes stopped [\d.]+ s at .*, approved by ana/);
    const { committed, refusedWith } = await application.stop();
    expect(committed).toBeGreaterThan(20);
    expect(refusedWith).toBe('25006');
    const twin = document<{ cutovers: { drill: boolean; outcome: string; freezeMs: number }[] }>(
      await bench.rowproof('report', 'demo-2', '--output', 'json'),
    );
    expect(twin.cutovers).toMatchObject([
      { drill: true, outcome: 'drilled' },
      { drill: false, outcome: 'frozen' },
    ]);
    for (const { freezeMs } of twin.cutovers) expect(freezeMs).toBeGreaterThan(0);
    const seen = await bench.crm<SeenRow>(
      `select mapping, source_key as key, class, finding from rowproof.quarantine where run = 'demo-2'`,
    );
    expect(compareManifest(bench.place.manifest.planted, seen).differences).toEqual([]);
  });

  it('leaves the data and only the id map after finish', async () => {
    const finished = await bench.rowproof('finish', 'demo-2', '--release-freeze');
    expect(finished.code).toBe(0);
    const left = await bench.crm<{ name: string }>(
      `select c.relname as name from pg_class c where relnamespace = to_regnamespace('rowproof') and relkind not in ('i')`,
    );
    expect(left.map(({ name }) => name)).toEqual(['id_map']);
    const [mapped] = await bench.crm<{ wrong: number; rows: number }>(
      `select count(*) filter (where c.id is null)::int as wrong, count(*)::int as rows from rowproof.id_map m
       left join crm.customer c on c.id::text = (m.target_key::json ->> 0) where mapping = 'customer'`,
    );
    expect(mapped?.rows).toBeGreaterThan(100);
    expect(mapped?.wrong).toBe(0);
    const status = await bench.rowproof('status', 'demo-2');
    expect([status.code, status.stderr]).toEqual([4, expect.stringMatching(/RP400[16]/)]);
    expect(existsSync(join(bench.folder, 'rowproof', 'demo-2', 'report.html'))).toBe(true);
  });
});

import { Client } from 'pg';
import { createCopyActivities } from '../../activities/copy';
import { createFinishActivities } from '../../activities/finish';
import { createValidationActivities } from '../../activities/proof';
import type { StallReport } from '../../src/contract/batch-copy';
import type { Host } from '../../src/engine/host';
import { eventually } from '../support/workbench';
import { openCopyRun, type CopyRun } from './copy/copy-run';

let run: CopyRun;
let holder: Client;
let reports: StallReport[];
let host: Host;

beforeEach(async () => {
  run = await openCopyRun({
    source: `create table people (id int primary key, name text);
      insert into people select g, 'p' || g from generate_series(1, 30) g`,
    target: 'create table people (id int primary key, name text)',
    mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }] }],
    settings: { stallAfterMs: 400, lockTimeoutMs: 60_000 },
  });
  reports = [];
  host = {
    databases: run.databases,
    reportStall: async (_ref, _workflow, report) => void reports.push(report),
  };
  holder = new Client({ connectionString: run.target.url, application_name: 'nightly report' });
  await holder.connect();
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
});
afterEach(async () => {
  await holder.end();
  await run.drop();
});

/** Does `work` while another session holds the table, until that is reported; the work then comes to its end as ever. */
async function whileHeld<T>(work: () => Promise<T>): Promise<{ readonly done: T; readonly pid: string }> {
  await holder.query('begin; lock table people in access exclusive mode');
  const { rows } = await holder.query<{ pid: string }>('select pg_backend_pid()::text as pid');
  const doing = work();
  await eventually(() => reports.length > 0);
  await holder.query('rollback');
  return { done: await doing, pid: rows[0]?.pid as string };
}

test('A batch that waits for a lock is reported with the lock and who holds it, fails of nothing, and moves again', async () => {
  const { done, pid } = await whileHeld(() =>
    createCopyActivities(host).copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 }),
  );
  expect(done).toMatchObject({ migrated: 30 });
  const sentence = expect.stringMatching(
    new RegExp(
      `^copy people:0 has not moved for \\d+ s: the target waits for \\w+Lock on public\\.people, held by ${pid} \\(nightly report\\)\\.$`,
    ),
  ) as string;
  expect(reports).toEqual([
    { what: 'copy people:0', sentence },
    { what: 'copy people:0', sentence: null },
  ]);
  const events = `select kind, body->>'what' as what from rowproof.event where kind in ('stalled', 'moves again') order by seq`;
  expect(await run.target.query(events)).toEqual([
    { kind: 'stalled', what: 'copy people:0' },
    { kind: 'moves again', what: 'copy people:0' },
  ]);
});

test('So are a build, which counts no rows, and a proof', async () => {
  await createCopyActivities(host).copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await whileHeld(() => createFinishActivities(host).analyzeAndRefresh({ ref: run.ref }));
  expect(reports[0]).toEqual({ what: 'analyze', sentence: expect.stringContaining('(nightly report)') as string });
  reports = [];
  const { done } = await whileHeld(() =>
    createValidationActivities(host).proveMapping({ ref: run.ref, mapping: 'people' }),
  );
  expect(done).toMatchObject({ identical: 30 });
  expect(reports[0]).toEqual({
    what: expect.stringContaining('people') as string,
    sentence: expect.stringContaining('on public.people, held by') as string,
  });
});

test('Work that goes on is not reported', async () => {
  await createCopyActivities(host).copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await createValidationActivities(host).proveMapping({ ref: run.ref, mapping: 'people' });
  expect(reports).toEqual([]);
});

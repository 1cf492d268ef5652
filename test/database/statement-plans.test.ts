import { createCaptureActivities } from '../../activities/capture';
import { createFinishActivities } from '../../activities/finish';
import { createLiveProofActivities, createValidationActivities } from '../../activities/proof';
import { createRollbackActivities } from '../../activities/rollback';
import { cutoverSteps } from '../../src/engine/cutover/steps';
import type { Host } from '../../src/engine/host';
import { finishRun } from '../../src/engine/rollback/roll-back';
import { createRunActivities } from '../../activities/run';
import type { TestDatabase } from '../support/postgres/postgres';
import { RowsVisited, steeperThanRows } from '../support/postgres/rows-visited';
import { openCutoverRun, type CutoverRun } from './cutover/cutover-fixture';

jest.setTimeout(300_000);

const tables = ['parent', 'child'];

async function open(rows: number): Promise<CutoverRun> {
  const run = await openCutoverRun({
    source: `create table parent (id int primary key, code text, qty int) with (autovacuum_enabled = false);
      create table child (id int primary key, parent int, note text) with (autovacuum_enabled = false);
      insert into parent select g, 'c' || g, case when g % 5 = 0 then -1 else g end from generate_series(1, ${rows}) g;
      insert into child select g, g, 'n' from generate_series(1, ${rows}) g where g % 5 <> 0`,
    target: `create table parent (id int primary key, code text unique, qty int constraint positive check (qty > 0));
      create table child (id int primary key, parent int references parent, note text)`,
    mappings: [
      { name: 'parent', columns: [{ target: 'id' }, { target: 'code' }, { target: 'qty' }] },
      { name: 'child', columns: [{ target: 'id' }, { target: 'parent' }, { target: 'note' }] },
    ],
    settings: { batch: { rows: 100_000, bytes: 1_000_000, inFlight: 1 } },
    decisions: [{ finding: '*', do: 'quarantine', expect: null, because: 'known', by: 'ana' }],
  });
  await forget(run.target);
  await forget(run.source);
  return run;
}

/** No table is counted from here on, and what was counted is forgotten: as if autovacuum had never come by. */
async function forget(database: TestDatabase): Promise<void> {
  await database.query(`do $$ declare r record; begin
    for r in select c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('rowproof', 'public') and c.relkind = 'r'
    loop execute format('alter table %s set (autovacuum_enabled = false)', r.name); end loop; end $$;
    delete from pg_statistic s using pg_class c where c.oid = s.starelid and c.relnamespace in
      (select oid from pg_namespace where nspname in ('rowproof', 'public'));
    update pg_class set relpages = 0, reltuples = -1 where relkind = 'r' and relnamespace in
      (select oid from pg_namespace where nspname in ('rowproof', 'public'))`);
}

/** Every fifth row changes, some of them so that they do not fit with others. */
function changes(rows: number): string {
  return `update parent set qty = case when id % 10 = 0 then 1 else -1 end where id % 5 = 0 or id % 11 = 0;
    update parent set code = 'c' || (id + 1) where id % 50 = 7;
    update child set note = 'm' where id % 5 = 1;
    delete from child where id % 10 = 3;
    insert into child select g + ${rows}, g, 'new' from generate_series(1, ${rows / 5}) g`;
}

/** The rows visited in a run that is followed, proved, cut over and finished, and in one that is followed and rolled back. */
async function visitedOf(rows: number): Promise<Record<string, RowsVisited>> {
  const visited: Record<string, RowsVisited> = {};
  const watched = async (phase: string, run: CutoverRun, work: (host: Host) => Promise<unknown>): Promise<void> => {
    const rowsVisited = (visited[phase] ??= new RowsVisited());
    await work({ ...run.host, databases: rowsVisited.watch(run.databases) });
  };
  const round = async (run: CutoverRun): Promise<void> => {
    await run.source.query(changes(rows));
    await watched('rounds', run, (host) => cutoverSteps.drain(host, run.ref, () => undefined));
  };
  const complete = await open(rows);
  try {
    await round(complete);
    await watched('proof while rounds go on', complete, async (host) => {
      for (const name of tables) await createLiveProofActivities(host).proveLive({ ref: complete.ref, mapping: name });
    });
    await complete.source.query(`update child set note = 'again' where id % 5 = 2`);
    await watched('rounds', complete, (host) => cutoverSteps.drain(host, complete.ref, () => undefined));
    await watched('proof of what changed', complete, (host) => cutoverSteps.refreshProof(host, complete.ref));
    await watched('checks and verdict', complete, async (host) => {
      const validation = createValidationActivities({ ...host, plansFolder: null });
      await validation.proveReferences(complete.ref);
      await validation.checkRules(complete.ref);
      expect(await validation.reconcile(complete.ref)).toMatchObject({ green: true, problems: [] });
    });
    await watched('cutover', complete, async (host) => {
      const cutover = complete.with({}, host);
      expect(await cutover.cutOver({ ref: complete.ref, drill: false, by: 'ben' })).toMatchObject({
        outcome: 'frozen',
      });
      await cutover.openTarget(complete.ref);
      await createCaptureActivities(host).removeCapture(complete.ref);
    });
    await watched('finish', complete, async (host) => {
      await createFinishActivities(host).writeIdMap(complete.ref);
      const activities = createRunActivities({ ...host, env: {}, plansFolder: null } as never);
      await activities.closeRun({ ref: complete.ref, outcome: 'complete', sentence: 'Every row is accounted for.' });
      await finishRun(host, complete.ref, true);
    });
  } finally {
    await complete.drop();
  }
  const undone = await open(rows);
  try {
    await round(undone);
    await forget(undone.target);
    await watched('rollback', undone, async (host) => {
      const activities = createRollbackActivities(host);
      await activities.revokeLeases(undone.ref);
      for (const step of await activities.openSteps(undone.ref))
        await activities.compensate({ ref: undone.ref, ordinal: step.ordinal });
      expect(await activities.proveRollback(undone.ref)).toMatchObject({ equal: true });
    });
  } finally {
    await undone.drop();
  }
  return visited;
}

// three statements of a round over its own temporary tables do: see the plans of a delete, of outcome and of orphans before their statistics
test('No statement of a round, a proof, a cutover, a finish or a rollback visits much more than ten times the rows for ten times the rows, on the target or on a source', async () => {
  const few = await visitedOf(500);
  const many = await visitedOf(5_000);
  for (const [phase, visited] of Object.entries(many)) {
    const before = few[phase] as RowsVisited;
    expect([phase, before.byStatement.size > 3]).toEqual([phase, true]);
    expect([phase, steeperThanRows(before, visited, 5_000)]).toEqual([phase, []]);
  }
});

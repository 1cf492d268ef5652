import { settleTarget } from '../../src/engine/settle/settle-run';
import { onTarget } from '../../src/engine/target-work';
import { replaceIdMap } from '../../src/postgres/ledger/quarantine/id-map';
import { openApplyLeases } from '../../src/postgres/ledger/follow/apply-lease';
import { inTransaction } from '../../src/postgres/transaction';
import { createDatabase } from '../support/postgres/postgres';
import { RowsVisited, steeperThanRows } from '../support/postgres/rows-visited';
import { openSides } from './delta-apply/apply-fixture';
import { mappingOf, openTestRun } from './settle-fixture';
import { createPrepareActivities } from '../../activities/prepare';

const parent = mappingOf({
  name: 'parent',
  target: { schema: 'dst', name: 'parent' },
  from: { schema: 'src', name: 'parent' },
  targetKey: ['k'],
  columns: ['k', 'u'],
});
const child = mappingOf({
  name: 'child',
  target: { schema: 'dst', name: 'child' },
  from: { schema: 'src', name: 'child' },
  targetKey: ['k'],
  columns: ['k', 'parent'],
});

const notCounted = `do $$ declare r record; begin
  for r in select c.oid::regclass as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('rowproof', 'dst') and c.relkind = 'r'
  loop execute format('alter table %s set (autovacuum_enabled = false)', r.name); end loop; end $$`;

/** Half of the parents are duplicates, and nobody has counted any table: rows visited by settle, which holds them, and by the id map. */
async function visitedOf(rows: number): Promise<RowsVisited> {
  const database = await createDatabase({ prefix: 'settlestat' });
  try {
    await database.query(`create schema src; create schema dst;
      create table src.parent (k int primary key, u int); create table src.child (k int primary key, parent int);
      create table dst.parent (k int primary key, u int unique);
      create table dst.child (k int primary key, parent int references dst.parent on delete cascade);
      insert into src.parent select g, g / 2 from generate_series(1, ${rows}) g;
      insert into src.child select g, g from generate_series(1, ${rows}) g`);
    const run = await openTestRun(database, [parent, child]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query(notCounted);
    await database.query(`insert into dst.parent select * from src.parent; insert into dst.child select * from src.child;
      insert into rowproof.provenance select '${run.ref.run}', m, jsonb_build_array(k::text)::text, jsonb_build_array(k::text)::text
        from src.parent, (values ('parent'), ('child')) as m (m)`);
    const sides = await openSides(run);
    try {
      await openApplyLeases(sides.target, run.ref.run);
      const visited = new RowsVisited();
      const host = { ...run, databases: visited.watch(run.databases) };
      const settled = await onTarget(host, run.ref, 'settle', (work) =>
        settleTarget(run, work, new Map([['legacy', sides.source]])),
      );
      expect(settled.adjusted).toBe(2 * Math.floor((rows - 1) / 2));
      const map = { run: run.ref.run, mapping: 'parent', target: parent.target, targetKey: ['k'] };
      const written = await onTarget(host, run.ref, 'id map', ({ session }) =>
        inTransaction(session, 'read write', () => replaceIdMap(session, map, pairs(rows))),
      );
      expect(written).toBe(rows - Math.floor((rows - 1) / 2));
      return visited;
    } finally {
      await sides.close();
    }
  } finally {
    await database.drop();
  }
}

async function* pairs(rows: number): AsyncGenerator<string[][]> {
  yield Array.from({ length: rows }, (_, at) => [`["${at + 1}"]`, `["${at + 1}"]`]);
}

test('No statement of settle or of the id map visits much more than ten times the rows for ten times the rows, whoever counted the tables', async () => {
  const few = await visitedOf(1_000);
  const many = await visitedOf(10_000);
  expect(few.byStatement.size).toBeGreaterThan(10);
  expect(steeperThanRows(few, many, 10_000)).toEqual([]);
});

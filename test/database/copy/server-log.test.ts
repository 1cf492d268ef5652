import { createDatabase } from '../../support/postgres/postgres';
import { ownCluster, type OwnCluster } from '../../support/postgres/own-cluster';
import { openCopyRun } from './copy-run';
import { createDiscoveryActivities } from '../../../activities/discovery';

let cluster: OwnCluster;
beforeAll(async () => {
  cluster = await ownCluster({
    log_min_messages: 'warning',
    log_min_error_statement: 'error',
    log_error_verbosity: 'verbose',
  });
});
afterAll(() => cluster.stop());

/** Rows that discovery knows, that a trigger refuses, that the source cannot compute, and that a type refuses. */
const source = `create table items (id int primary key, qty int, who text, born text);
  insert into items select g, case when g % 3 = 0 then -1 else 1 end, 'Canary ' || g, '1' from generate_series(1, 900) g;
  update items set who = 'Canary trigger' where id = 7; update items set born = 'Canary date' where id = 8;
  update items set qty = -5 where id = 10`;
const target = `create function fine(int) returns boolean language plpgsql immutable as 'begin return $1 > -3; end';
  create table items (id int primary key, qty int check (qty >= 0 or qty = -5), who text, born int, constraint own check (public.fine(qty)));
  create function judge() returns trigger language plpgsql as $$ begin
    if new.who = 'Canary trigger' then raise exception 'not %', new.who; end if; return new; end $$;
  create trigger judge before insert on items for each row execute function judge()`;

async function runAs(role: string | null): Promise<void> {
  const run = await openCopyRun({
    source,
    target,
    mappings: [
      {
        name: 'items',
        columns: [{ target: 'id' }, { target: 'qty' }, { target: 'who' }, { target: 'born', sql: 'born::int' }],
      },
    ],
  });
  try {
    const as = (url: string): string =>
      role === null ? url : Object.assign(new URL(url), { username: role, password: 'ordinary' }).toString();
    if (role !== null) {
      await run.source.query(`create role ${role} login password 'ordinary'; grant select on items to ${role}`);
      await run.target.query(`grant set on parameter log_min_messages to ${role}; alter table items owner to ${role};
        grant create, usage on schema rowproof to ${role}; grant all on all tables in schema rowproof to ${role}`);
    }
    const databases = run.databasesAt(as(run.source.url), as(run.target.url));
    const discovery = createDiscoveryActivities({ databases, signal: () => undefined, heartbeat: () => undefined });
    await discovery.profileMapping({ ref: run.ref, mapping: 'items' });
    await discovery.tryTargetRules(run.ref);
    const worker = run.worker({ sourceUrl: as(run.source.url), targetUrl: as(run.target.url) });
    await worker.planBatches({ ref: run.ref, mapping: 'items' });
    expect(await worker.copyBatch({ ref: run.ref, mapping: 'items', ordinal: 0 })).toMatchObject({
      migrated: 597,
      quarantined: 303,
      path: 'careful',
    });
  } finally {
    await run.drop();
    if (role !== null) {
      const other = await createDatabase({ prefix: 'log' });
      await other.query(`revoke set on parameter log_min_messages from ${role}; drop role ${role}`);
      await other.drop();
    }
  }
}

test('The log is there, and holds what others do wrong', async () => {
  const other = await createDatabase({ prefix: 'log' });
  await expect(other.query(`select 'loud mistake'::int`)).rejects.toThrow();
  await other.drop();
  expect(cluster.log()).toContain('loud mistake');
});

test.each([
  ['a superuser', null],
  ['an ordinary role that may set log_min_messages', 'quiet_reader'],
])('The log of the server holds no row, whichever way a row is refused: %s', async (_, role) => {
  const before = cluster.log().length;
  await runAs(role);
  expect(cluster.log().slice(before)).not.toMatch(/Canary|Failing row|\(\d+, -\d/);
});

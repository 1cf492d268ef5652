import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { hostile, mappings } from './rollback-fixture';
import { openTestRun, type TestRun } from './settle-fixture';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createRollbackActivities } from '../../activities/rollback';

/** One change of each kind, with what it undoes, and the objects that must be named. */
const changes: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    'a comment',
    `comment on index "Neu.Schema".gin_tags is 'x'`,
    `comment on index "Neu.Schema".gin_tags is null`,
    ['comment on index "Neu.Schema".gin_tags was not there before'],
  ],
  [
    'a default',
    `alter table "Neu.Schema".old alter v set default 'x'`,
    `alter table "Neu.Schema".old alter v drop default`,
    ['column "Neu.Schema".old.v differs'],
  ],
  [
    'a trigger that no longer fires',
    `alter table "Neu.Schema".parted_rest enable trigger per_row`,
    `alter table "Neu.Schema".parted_rest disable trigger per_row`,
    ['trigger per_row of "Neu.Schema".parted_rest differs'],
  ],
  [
    'a sequence',
    `select nextval('"Neu.Schema".order_id_seq')`,
    `select setval('"Neu.Schema".order_id_seq', 7, false)`,
    ['position of sequence "Neu.Schema".order_id_seq differs'],
  ],
  [
    'a row',
    `update "Neu.Schema".old set v = null where id = 1`,
    `update "Neu.Schema".old set v = 'v1' where id = 1`,
    ['rows of "Neu.Schema"."old" differs'],
  ],
  [
    'a row of a table outside the plan',
    `update "Neu.Schema"."Aussen" set k = 2`,
    `update "Neu.Schema"."Aussen" set k = 1`,
    ['rows of "Neu.Schema"."Aussen" differs'],
  ],
  [
    'a row of a table with a column called t',
    `update "Neu.Schema".t set x = 2`,
    `update "Neu.Schema".t set x = 1`,
    ['rows of "Neu.Schema"."t" differs'],
  ],
  [
    'a privilege',
    `grant select on "Neu.Schema".old to public`,
    `revoke select on "Neu.Schema".old from public`,
    ['table "Neu.Schema".old differs'],
  ],
  [
    'a policy',
    `alter policy "po licy" on "Neu.Schema"."order" using (id > 1)`,
    `alter policy "po licy" on "Neu.Schema"."order" using (id > 0)`,
    ['policy "po licy" of "Neu.Schema"."order" differs'],
  ],
  [
    'a label',
    `alter type "Neu.Schema"."Art" rename value 'a' to 'z'`,
    `alter type "Neu.Schema"."Art" rename value 'z' to 'a'`,
    ['type "Neu.Schema"."Art" differs'],
  ],
  [
    'a constraint of a domain',
    `alter domain "Neu.Schema"."Zahl" drop constraint "posi tiv"`,
    `alter domain "Neu.Schema"."Zahl" add constraint "posi tiv" check (value > 0)`,
    ['constraint "posi tiv" of "Neu.Schema"."Zahl" is gone'],
  ],
  [
    'a function',
    `create function "Neu.Schema".f() returns int language sql as 'select 1'`,
    `drop function "Neu.Schema".f()`,
    ['function "Neu.Schema".f() was not there before'],
  ],
  [
    'an index that is gone',
    `drop index "Neu.Schema".only_here`,
    `create index only_here on "Neu.Schema".parted_rest (n desc)`,
    ['index "Neu.Schema".only_here is gone'],
  ],
  [
    'a validated constraint',
    `truncate "Neu.Schema"."Aussen"; alter table "Neu.Schema"."Aussen" validate constraint "zeigt auf"`,
    '',
    ['constraint "zeigt auf" of "Neu.Schema"."Aussen" differs', 'rows of "Neu.Schema"."Aussen" differs'],
  ],
];

describe('the fingerprint of a target', () => {
  let database: TestDatabase;
  let run: TestRun;
  beforeAll(async () => {
    database = await createDatabase({ prefix: 'fingerprint' });
    await database.query(
      `${hostile}; create table "Neu.Schema".t (t int, x int); insert into "Neu.Schema".t values (1, 1)`,
    );
    run = await openTestRun(database, mappings(true));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
  });
  afterAll(() => database.drop());

  it('stays when rows are rewritten, analyzed and in another order', async () => {
    await database.query(`update "Neu.Schema".old set v = v`);
    await database.query('vacuum full analyze');
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  });

  it.each(changes)('sees %s and names it', async (_, change, undo, names) => {
    await database.query(change);
    // nothing was changed by the run, so that all of it is the doing of others
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: names,
    });
    if (undo !== '') await database.query(undo);
  });
});

import type { TestDatabase } from '../support/postgres/postgres';
import { mappingOf, type TestRun } from './settle-fixture';
import { createFinishActivities } from '../../activities/finish';
import { createRollbackActivities } from '../../activities/rollback';

/** Everything that a schema may hang on a table, under names that need quoting. */
export const hostile = `
create schema "Neu.Schema";
create type "Neu.Schema"."Art" as enum ('a', 'b''c');
create domain "Neu.Schema"."Zahl" as int constraint "posi tiv" check (value > 0);
create table "Neu.Schema"."order" (
  id bigint generated always as identity (start 7 increment 3), "e.mail" text collate "C", "Größe" numeric(10, 2) default 1,
  art "Neu.Schema"."Art", parent bigint, tags int[], total numeric generated always as ("Größe" * 2) stored,
  constraint "primär ""key""" primary key (id),
  constraint "e.mail einmal" unique ("e.mail") deferrable initially deferred,
  constraint self foreign key (parent) references "Neu.Schema"."order" (id) on delete set null deferrable
);
comment on constraint "e.mail einmal" on "Neu.Schema"."order" is 'it''s unique';
comment on constraint self on "Neu.Schema"."order" is 'self';
create index "lower ""mail""" on "Neu.Schema"."order" (lower("e.mail") collate "C" desc nulls last, id) include ("Größe") with (fillfactor = 70) where art is not null;
alter index "Neu.Schema"."lower ""mail""" alter column 1 set statistics 321;
comment on index "Neu.Schema"."lower ""mail""" is 'an index';
create index gin_tags on "Neu.Schema"."order" using gin (tags);
create unique index ident on "Neu.Schema"."order" ("Größe", id) ;
alter table "Neu.Schema"."order" cluster on ident;
create statistics "Neu.Schema".stat (dependencies) on id, parent from "Neu.Schema"."order";
alter table "Neu.Schema"."order" enable row level security;
create policy "po licy" on "Neu.Schema"."order" using (id > 0);
create table "Neu.Schema"."Aussen" (k int primary key, o bigint);
insert into "Neu.Schema"."Aussen" values (1, 999);
alter table "Neu.Schema"."Aussen" add constraint "zeigt auf" foreign key (o) references "Neu.Schema"."order" (id) not valid;
create function "Neu.Schema".touch() returns trigger language plpgsql as 'begin return new; end';
create trigger "before ""row""" before insert on "Neu.Schema"."order" for each row execute function "Neu.Schema".touch();
create trigger truncated after truncate on "Neu.Schema"."order" execute function "Neu.Schema".touch();
create constraint trigger later after insert on "Neu.Schema"."order" deferrable for each row execute function "Neu.Schema".touch();
alter table "Neu.Schema"."order" enable always trigger truncated;
alter table "Neu.Schema"."order" disable trigger later;
create materialized view "Neu.Schema".counted as select count(*) from "Neu.Schema"."order";
create materialized view "Neu.Schema".never as select * from "Neu.Schema".counted with no data;
create view "Neu.Schema".grouped as select o.id, o."e.mail", count(*) from "Neu.Schema"."order" o group by o.id;

create table "Neu.Schema".parted (id bigint, region text, n int, constraint parted_pk primary key (region, id)) partition by list (region);
create table "Neu.Schema".parted_eu (region text, n int, id bigint not null) partition by range (id);
alter table "Neu.Schema".parted_eu alter region set not null;
create table "Neu.Schema"."parted eu 1" (id bigint not null, region text not null, n int, constraint "own name" primary key (region, id));
alter table "Neu.Schema".parted_eu attach partition "Neu.Schema"."parted eu 1" for values from (0) to (1000);
alter table "Neu.Schema".parted attach partition "Neu.Schema".parted_eu for values in ('eu');
create table "Neu.Schema".parted_rest partition of "Neu.Schema".parted default;
create index by_n on "Neu.Schema".parted (n);
create index only_here on "Neu.Schema".parted_rest (n desc);
create unique index only_unique on "Neu.Schema"."parted eu 1" (n);
alter table "Neu.Schema"."parted eu 1" replica identity using index "own name";
alter table "Neu.Schema".parted add constraint "to order" foreign key (n) references "Neu.Schema"."order" (id);
create table "Neu.Schema".child (id int primary key, region text, pid bigint,
  constraint to_parted foreign key (region, pid) references "Neu.Schema".parted (region, id) match full on update cascade);
create trigger per_row after insert on "Neu.Schema".parted for each row execute function "Neu.Schema".touch();
alter table "Neu.Schema".parted_rest disable trigger per_row;
create table "Neu.Schema".old (id serial primary key, v text);
insert into "Neu.Schema".old (v) select 'v' || g from generate_series(1, 50) g;
delete from "Neu.Schema".old where id % 7 = 0;
select setval(pg_get_serial_sequence('"Neu.Schema".old', 'id'), 77, false);
`;

const s = (name: string) => ({ schema: 'Neu.Schema', name });
const load = `
insert into "Neu.Schema"."order" (id, "e.mail", "Größe") overriding system value select g, 'm' || g, g from generate_series(1, 100) g;
insert into "Neu.Schema".parted (id, region, n) select g, case when g % 2 = 0 then 'eu' else 'us' end, g from generate_series(1, 100) g;
insert into "Neu.Schema".child select g, case when g % 2 = 0 then 'eu' else 'us' end, g from generate_series(1, 100) g;
insert into "Neu.Schema".old (id, v) select g, 'new' from generate_series(1, 10) g;
`;

export function mappings(injective: boolean) {
  return [
    mappingOf({ name: 'order', target: s('order'), targetKey: ['id'], more: { targetKeyInjective: injective } }),
    mappingOf({
      name: 'parted',
      target: s('parted'),
      targetKey: ['region', 'id'],
      more: { targetKeyInjective: injective },
    }),
    mappingOf({ name: 'child', target: s('child'), targetKey: ['id'], more: { targetKeyInjective: injective } }),
    mappingOf({
      name: 'old',
      target: s('old'),
      targetKey: ['id'],
      more: { targetKeyInjective: injective, whenNotEmpty: 'replace' },
    }),
  ];
}

export async function rollBack(
  run: TestRun,
): Promise<{ equal: boolean; differences: readonly string[]; notes?: readonly string[] }> {
  const activities = createRollbackActivities(run);
  await activities.revokeLeases(run.ref);
  for (const step of await activities.openSteps(run.ref))
    await activities.compensate({ ref: run.ref, ordinal: step.ordinal });
  expect(await activities.openSteps(run.ref)).toEqual([]);
  return activities.proveRollback(run.ref);
}

export async function finish(run: Pick<TestRun, 'ref' | 'databases'>): Promise<void> {
  const activities = createFinishActivities(run);
  await activities.settle(run.ref);
  await activities.rebuildIndexes(run.ref);
  await activities.rebuildForeignKeys(run.ref);
  await activities.restoreTriggers(run.ref);
  await activities.advanceSequences(run.ref);
  await activities.analyzeAndRefresh({ ref: run.ref });
  await activities.writeIdMap(run.ref);
}

export async function loadRows(database: TestDatabase, run: TestRun): Promise<void> {
  await database.query(load);
  for (const mapping of ['order', 'parted', 'child', 'old']) await run.receipt(mapping, s(mapping));
}

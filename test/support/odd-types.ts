/**
 * A schema as old systems have them: names that need quotes, keys of types that have several spellings, domains, enums, partitions,
 * generated columns, a reference to itself, and most built-in types. No extensions.
 */
const tables = (schema: string, customers: string, [id, mail]: readonly [string, string]): string => `
create schema ${schema};
create type ${schema}."Mood" as enum ('sad', 'ok', 'Happy ''n'' "gay"');
create domain ${schema}.posint as integer constraint above_zero check (value > 0);
create table ${schema}.${customers} (
  ${id} bigint generated always as identity primary key, ${mail} text, name varchar(40) not null, mood ${schema}."Mood", tags text[], meta jsonb,
  born date, "select" numeric(20, 6), seen timestamptz, addr inet, raw bytea, r int4range, iv interval, b bit varying(12), m money,
  ts tsvector, pt point, flag boolean default true, x xml, big double precision, r4 real, points ${schema}.posint
);
create table ${schema}.events (at timestamptz, kind ${schema}."Mood", n numeric(10, 3), payload text, primary key (at, kind, n));
create table ${schema}.blobs (k bytea primary key, v text);
create table ${schema}.spans (d date, iv interval, t time, v double precision, primary key (d, iv, t));
create table ${schema}.padded (c char(8) primary key, v ${schema}.posint);
create table ${schema}.tree (u uuid primary key, parent uuid references ${schema}.tree deferrable initially deferred, v json);
create table ${schema}.part (id int, region text, v text, primary key (id, region)) partition by list (region);
create table ${schema}.part_ab partition of ${schema}.part for values in ('a', 'b');
create table ${schema}.part_rest partition of ${schema}.part default;
create table ${schema}.floats (f double precision primary key, v int);
create table ${schema}.arrays (k int[] primary key, v text);
create table ${schema}.texts (k text primary key, gen int generated always as (length(v)) stored, v text);`;

const source = '"Old Shop"';

export const oddSource = `${tables(source, `"Customer's"`, ['"ID"', '"E-Mail"'])}
insert into ${source}."Customer's" ("E-Mail", name, mood, tags, meta, born, "select", seen, addr, raw, r, iv, b, m, ts, pt, x, big, r4, points)
  select case when i % 7 = 0 then null else 'User' || i end, E'N\\u00e4me ' || i, (enum_range(null::${source}."Mood"))[1 + i % 3],
    array['a', null, 'b"c,' || i], jsonb_build_object('a', i, 'b', 1.50), date '1900-01-01' + i, i / 7.0,
    timestamptz '2020-02-29 12:00:00.123456+02' - i * interval '1 minute', ('10.0.0.' || i % 250)::inet, decode(md5(i::text), 'hex'),
    int4range(i, i + 5), make_interval(mins => i), substring(i::bit(12) for 1 + i % 12)::bit varying(12), (i * 1.1)::numeric::money,
    to_tsvector('simple', 'hello w' || i), point(i, i / 3.0), xmlparse(content '<a>' || i || '</a>'), i / 3.0::float8, (i / 3.0)::real, i
  from generate_series(1, 400) i;
insert into ${source}.events select timestamptz '2020-01-01 00:00:00.123456+00' + i * interval '17 minutes 0.000001 s',
  (enum_range(null::${source}."Mood"))[1 + i % 3], i / 10.0, repeat('x', i % 300) from generate_series(1, 300) i;
insert into ${source}.blobs select decode(md5(i::text), 'hex'), E'tab\\there \\\\ back ' || i from generate_series(1, 200) i;
insert into ${source}.spans select date '2020-01-01' + i, make_interval(hours => i), time '00:00' + i * interval '1 second',
  case when i % 20 = 0 then 'NaN'::float8 else i / 3.0 end from generate_series(1, 200) i;
insert into ${source}.padded select 'k' || i, i from generate_series(1, 200) i;
insert into ${source}.tree (u, v) select md5(i::text)::uuid, json_build_object('z', i) from generate_series(1, 200) i;
update ${source}.tree set parent = md5(((v ->> 'z')::int / 2)::text)::uuid where (v ->> 'z')::int > 1;
insert into ${source}.part select i, (array['a', 'b', 'c', 'd'])[1 + i % 4], 'v' || i from generate_series(1, 300) i;
insert into ${source}.floats select i / 3.0, i from generate_series(-100, 100) i;
insert into ${source}.arrays select array[i, i + 1], 'v' || i from generate_series(1, 100) i;
insert into ${source}.texts (k, v) select chr(200 + i % 50) || 'é' || i, repeat('z', i % 20) from generate_series(1, 200) i;`;

export const oddTarget = tables('new_shop', 'customers', ['id', 'email']);

/** Source table and target table, each as SQL. */
export const oddPairs = [
  [`${source}."Customer's"`, 'new_shop.customers'],
  ...['events', 'blobs', 'spans', 'padded', 'tree', 'part', 'floats', 'arrays', 'texts'].map(
    (name) => [`${source}.${name}`, `new_shop.${name}`] as const,
  ),
] as readonly (readonly [string, string])[];

/** What an application does to it; `n` from 0 on gives the same statements every time. */
export function oddChange(n: number): string {
  const at = (n * 37) % 200;
  const changes = [
    `update ${source}."Customer's" set name = 'N ${n}', big = ${n}e290, m = '${n}.5'::money, meta = '{"q": ${n}}' where "ID" = ${at + 1}`,
    `insert into ${source}."Customer's" ("E-Mail", name, seen, iv) values ('new${n}', 'x', now(), interval '1 mon -3 days')`,
    `delete from ${source}."Customer's" where "ID" = ${at + 200}`,
    `update ${source}.events set at = at + interval '1 microsecond' where n = ${at} / 10.0`,
    `update ${source}.events set n = n + 1000 where n = ${at} / 10.0`,
    `update ${source}.blobs set k = k || '\\x00'::bytea where k = decode(md5('${at}'), 'hex')`,
    `update ${source}.spans set iv = iv + interval '1 day', v = v * 2 where d = date '2020-01-01' + ${at}`,
    `update ${source}.spans set t = t + interval '1 microsecond' where d = date '2020-01-01' + ${at}`,
    `delete from ${source}.padded where c = 'k${at}'`,
    `insert into ${source}.padded values ('z${n}', ${n + 1})`,
    `update ${source}.tree set parent = md5('${(at * 7) % 200}')::uuid where u = md5('${at + 1}')::uuid and u <> md5('${(at * 7) % 200}')::uuid and '${(at * 7) % 200}' <> '0'`,
    `update ${source}.part set region = case region when 'a' then 'c' when 'c' then 'a' when 'b' then 'd' else 'b' end, v = 'm' where id = ${at}`,
    `update ${source}.floats set f = f + 0.1 where v = ${at - 100}`,
    `update ${source}.arrays set k = k || ${n} where k[1] = ${at}`,
    `update ${source}.texts set v = v || 'é', k = k || 'ß' where k like '%é${at}'`,
  ];
  return changes[n % changes.length] as string;
}

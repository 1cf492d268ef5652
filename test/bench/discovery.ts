import { openDiscovery } from '../database/discovery/discovery-run';
import { ownCluster } from '../support/postgres/own-cluster';

export interface DiscoveryFigures {
  readonly rows: number;
  readonly columns: 'as they are' | 'five transforms' | 'five transforms, dirty';
  /** Seconds of discovery, and of one statement that a person would write for the same counts; best of three, in turn. */
  readonly seconds: number;
  readonly peer: number;
  readonly ratio: number;
  readonly findings: number;
}

const sourceTable = (rows: number, dirty: boolean): string => `create table customer (
    id bigint primary key, uid uuid not null, full_name text not null, email text not null, amount numeric(12,2) not null,
    created_at timestamptz not null, attrs jsonb, phone text, note text, status smallint not null, cents bigint not null);
  insert into customer select i, md5('u' || i)::uuid,
    (array['Anna','Björn','Carla','Dmitri','Elif'])[1 + h % 5] || ' ' || (array['Smith','Müller','Rossi','Ivanov','Kaya'])[1 + h / 10 % 5] || '-' || h % 997,
    case when ${dirty} and i % 97 = 0 then ' User.1@Example.com' else ' User.' || i || '@Example' || h % 50 || '.COM' end,
    (h % 100000000)::numeric / 100, timestamptz '2015-01-01 00:00+00' + (h % 315360000) * interval '1 second',
    case when h % 20 = 0 then null else jsonb_build_object('plan', h % 3, 'n', h % 1000, 'ok', h % 2 = 0) end,
    case when h % 10 < 7 then null else '+49' || h % 1000000000 end,
    case when h % 10 < 8 then null else 'line' || E'\\t' || 'tab ' || h % 77 end,
    case when ${dirty} and i % 50 = 0 then 9 else h % 5 end, h % 1000000
  from (select i, hashint8(i)::bigint & 2147483647 as h from generate_series(1, ${rows}) i) g`;

const common =
  'id bigint primary key, uid uuid not null, created_at timestamptz not null, attrs jsonb, phone text, note text';
const targets = {
  plain: `create table customer (${common}, full_name text not null, email text not null, amount numeric(12,2) not null, status smallint not null, cents bigint not null)`,
  transforms: `create table customer (${common}, first_name text not null, last_name text not null, email text not null, amount numeric(12,2) not null, status text not null, cents numeric(14,2) not null)`,
  unique: 'alter table customer add unique (email)',
};

const asTheyAre = 'id: id, uid: uid, created_at: created_at, attrs: attrs, phone: phone, note: note, amount: amount';
const plans = {
  plain: `tables: { public.customer: { from: public.customer, columns: { ${asTheyAre}, full_name: full_name, email: email, status: status, cents: cents } } }\n`,
  transforms: `tables:
  public.customer:
    from: public.customer
    columns:
      ${asTheyAre.split(', ').join('\n      ')}
      first_name: { from: full_name, steps: [{ split_part: { on: " ", part: 1 } }] }
      last_name: { from: full_name, steps: [{ split_part: { on: " ", part: 2 } }] }
      email: { from: email, steps: [trim, lower] }
      status: { from: status, steps: [{ map: { "0": new, "1": active, "2": paused, "3": closed, "4": gone } }] }
      cents: { from: cents, steps: [{ scale: -2 }] }
`,
};

/** What is not NULL, and what a person would ask of the transforms: each is computed once. */
const known = ['id', 'uid', 'full_name', 'email', 'amount', 'created_at', 'status', 'cents'];
const nulls = known.map((column) => `count(*) filter (where ${column} is null)`);
const peers = {
  plain: `select count(*), ${nulls.join(', ')} from customer`,
  transforms: `select count(*), ${nulls.join(', ')}, count(split_part(full_name, ' ', 1)), count(split_part(full_name, ' ', 2)),
    count(lower(btrim(email))), count(*) filter (where status::text not in ('0', '1', '2', '3', '4')),
    count(*) filter (where abs(cents::numeric / 100) >= 1e12) from customer`,
  unique: 'select email from (select lower(btrim(email)) as email from customer) e group by email having count(*) > 1',
};

/** Discovery by its activities, without Temporal, on a server with its defaults; the peer runs on the source, with its defaults too. */
export async function measureDiscovery(rows: number): Promise<DiscoveryFigures[]> {
  const cluster = await ownCluster({
    shared_buffers: '1GB',
    max_wal_size: '8GB',
    fsync: 'on',
    full_page_writes: 'on',
  });
  const figures: DiscoveryFigures[] = [];
  try {
    for (const columns of ['as they are', 'five transforms', 'five transforms, dirty'] as const) {
      const kind = columns === 'as they are' ? 'plain' : 'transforms';
      const dirty = columns.endsWith('dirty');
      const run = await openDiscovery({
        source: sourceTable(rows, dirty),
        target: dirty ? `${targets[kind]}; ${targets.unique}` : targets[kind],
        plan: plans[kind],
      });
      try {
        await run.source.query('vacuum (freeze, analyze) customer');
        await run.source.query('checkpoint');
        const asked = dirty ? [peers[kind], peers.unique] : [peers[kind]];
        let [seconds, peer, findings] = [Infinity, Infinity, 0];
        for (let time = 0; time < 3; time += 1) {
          const before = performance.now();
          for (const sql of asked) await run.source.query(sql);
          peer = Math.min(peer, (performance.now() - before) / 1_000);
          const begun = performance.now();
          findings = Object.keys(await run.discover()).length;
          seconds = Math.min(seconds, (performance.now() - begun) / 1_000);
        }
        figures.push({ rows, columns, seconds, peer, ratio: seconds / peer, findings });
      } finally {
        await run.drop();
      }
    }
    return figures;
  } finally {
    await cluster.stop();
  }
}

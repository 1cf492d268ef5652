import { to as copyTo } from 'pg-copy-streams';
import { createValidationActivities } from '../../activities/proof';
import { type Session } from '../../src/postgres/session';
import { openCopyRun, type CopyRun } from '../database/copy/copy-run';
import { ownCluster } from '../support/postgres/own-cluster';

export interface ProofFigures {
  readonly rows: number;
  /** Rows a second of two ordered binary COPY streams compared byte by byte in one process. */
  readonly peer: number;
  /** Rows a second of the proof: all columns as they are, and five of ten transformed. */
  readonly plain: number;
  readonly ratio: number;
  readonly transformed: number;
  readonly transformedRatio: number;
}

const table = `id bigint primary key, uid uuid not null, full_name text not null, email text not null, amount numeric(12,2) not null,
  created_at timestamptz not null, attrs jsonb, phone text, note text, status smallint not null`;

const fill = (rows: number): string => `insert into customer select i, md5('u' || i)::uuid,
  (array['Anna','Björn','Carla','Dmitri','Elif','Farid','Grace','Hiro','Inès','João'])[1 + h % 10] || ' ' ||
    (array['Smith','Müller','Rossi','Ivanov','Kaya','Haddad','Okafor','Tanaka','Lefèvre','Silva'])[1 + (h / 10) % 10] || '-' || (h % 997),
  ' User.' || i || '@Example' || (h % 50) || '.COM', ((h % 100000000)::numeric / 100)::numeric(12,2),
  timestamptz '2015-01-01 00:00+00' + (h % 315360000) * interval '1 second' + (h % 1000000) * interval '1 microsecond',
  case when h % 20 = 0 then null else jsonb_build_object('plan', (array['free','pro','team'])[1 + h % 3], 'n', h % 1000, 'ok', h % 2 = 0) end,
  case when h % 10 < 7 then null else '+49' || (h % 1000000000) end,
  case when h % 10 < 8 then null else 'line' || E'\\t' || 'tab ' || (h % 77) end, (h % 5)::smallint
  from (select i, hashint8(i)::bigint & 2147483647 as h from generate_series(1, ${rows}) i) g`;

const same = ['id', 'uid', 'full_name', 'email', 'amount', 'created_at', 'attrs', 'phone', 'note', 'status'];

const five = [
  ...['id', 'uid', 'created_at', 'attrs', 'phone', 'note'].map((target) => ({ target })),
  { target: 'first', from: ['full_name'], steps: [{ name: 'split_part', args: [' ', 1] }] },
  { target: 'last', from: ['full_name'], steps: [{ name: 'split_part', args: [' ', 2] }] },
  {
    target: 'email',
    steps: [
      { name: 'trim', args: null },
      { name: 'lower', args: null },
    ],
  },
  { target: 'amount', steps: [{ name: 'scale', args: 2 }] },
  {
    target: 'status',
    steps: [{ name: 'map', args: { '0': 'new', '1': 'open', '2': 'held', '3': 'sent', '4': 'done' } }],
  },
];

/** Best of three each, in turn. */
export async function measureProof(rows: number): Promise<ProofFigures> {
  const cluster = await ownCluster({ shared_buffers: '1GB' });
  const best = { peer: 0, plain: 0, transformed: 0 };
  try {
    const plain = await opened(
      rows,
      table,
      same.map((target) => ({ target })),
    );
    const transformed = await opened(
      rows,
      `id bigint primary key, uid uuid not null, first text, last text, email text, amount numeric(12,2) not null,
       created_at timestamptz not null, attrs jsonb, phone text, note text, status text`,
      five,
    );
    try {
      for (let time = 0; time < 3; time += 1) {
        best.peer = Math.max(best.peer, await rate(rows, () => peer(plain)));
        best.plain = Math.max(best.plain, await rate(rows, () => prove(plain, rows)));
        best.transformed = Math.max(best.transformed, await rate(rows, () => prove(transformed, rows)));
      }
    } finally {
      await plain.drop();
      await transformed.drop();
    }
    const { peer: limit, ...own } = best;
    return { rows, peer: limit, ...own, ratio: own.plain / limit, transformedRatio: own.transformed / limit };
  } finally {
    await cluster.stop();
  }
}

async function rate(rows: number, work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return Math.round(rows / ((performance.now() - begun) / 1_000));
}

async function opened(rows: number, target: string, columns: readonly object[]): Promise<CopyRun> {
  const run = await openCopyRun({
    source: `create table customer (${table}); ${fill(rows)}`,
    target: `create table customer (${target})`,
    mappings: [{ name: 'customer', columns: columns as { target: string }[] }],
  });
  await run.source.query('vacuum analyze');
  await run.copyAll();
  await run.target.query('vacuum analyze');
  return run;
}

async function prove(run: CopyRun, rows: number): Promise<void> {
  const validation = createValidationActivities({ databases: run.databases, plansFolder: null });
  const { identical } = await validation.proveMapping({ ref: run.ref, mapping: 'customer' });
  if (identical !== rows) throw new Error(`${identical} of ${rows} rows are identical`);
}

async function peer(run: CopyRun): Promise<void> {
  const { compiled } = await run.databases.run(run.ref);
  const source = await run.databases.source(compiled, compiled.mappings[0]?.source as string, 'bench');
  const target = await run.databases.ledger(run.ref, 'bench');
  try {
    const [left, right] = [bytesOf(source), bytesOf(target)];
    let [a, b] = [await left.next(), await right.next()];
    while (a.done !== true && b.done !== true) {
      const length = Math.min(a.value.length, b.value.length);
      if (a.value.compare(b.value, 0, length, 0, length) !== 0) throw new Error('bytes differ');
      const [restA, restB] = [a.value.subarray(length), b.value.subarray(length)];
      a = restA.length > 0 ? { done: false, value: restA } : await left.next();
      b = restB.length > 0 ? { done: false, value: restB } : await right.next();
    }
    if (a.done !== b.done) throw new Error('one stream is longer');
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}

function bytesOf(session: Session): AsyncIterator<Buffer> {
  const stream = session.client.query(
    copyTo('copy (select * from public.customer order by id) to stdout (format binary)', { highWaterMark: 1 << 20 }),
  );
  return (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
}

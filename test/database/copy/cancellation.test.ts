import { Client } from 'pg';
import { openCopyRun, type CopyRun } from './copy-run';
import { openProxy, type Link, type Proxy } from './tcp-proxy';

let run: CopyRun;
let proxy: Proxy | undefined;
afterEach(async () => {
  proxy?.close();
  await run.drop();
});

const busy = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;

async function nobodyLeft(side: 'source' | 'target'): Promise<void> {
  for (;;) {
    if ((await run[side].query(busy)).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A network that goes silent on a connection once enough has come through it, without telling either end. */
function silentAfter(bytes: number, went: () => void): (chunk: Buffer, link: Link) => boolean {
  const seen = new Map<Link, number>();
  return (chunk, link) => {
    const sum = (seen.get(link) ?? 0) + chunk.length;
    seen.set(link, sum);
    if (sum <= bytes) return true;
    link.cut = true;
    link.client.pause();
    link.server.pause();
    went();
    return false;
  };
}

beforeEach(async () => {
  run = await openCopyRun({
    source: `create table blobs (id int primary key, body text);
      insert into blobs select g, repeat(md5(g::text), 4000) from generate_series(1, 200) g`,
    target: 'create table blobs (id int primary key, body text)',
    mappings: [{ name: 'blobs', columns: [{ target: 'id' }, { target: 'body' }] }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 'blobs' });
});

test.each(['source', 'target'] as const)(
  'Cancellation ends a COPY that stalls on the %s, on both sides, and the batch can be copied again',
  async (side) => {
    let stalled: () => void = () => undefined;
    const silence = new Promise<void>((resolve) => (stalled = resolve));
    const handler = silentAfter(2_000_000, stalled);
    proxy = await openProxy(run[side].url, side === 'source' ? { fromServer: handler } : { fromClient: handler });
    const cancel = new AbortController();
    const worker = run.worker({
      signal: cancel.signal,
      ...(side === 'source' ? { sourceUrl: proxy.url } : { targetUrl: proxy.url }),
    });
    const copying = worker.copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 });
    const ended = expect(copying).rejects.toThrow('enough');
    await silence;
    cancel.abort(new Error('enough'));
    await ended;
    await nobodyLeft('source');
    await nobodyLeft('target');
    expect(await run.target.query('select * from blobs')).toEqual([]);
    await run.activities.copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 });
    expect(await run.target.query('select count(*)::int n from blobs')).toEqual([{ n: 200 }]);
  },
);

test('A cancelled activity does not start', async () => {
  const worker = run.worker({ signal: AbortSignal.abort(new Error('enough')) });
  await expect(worker.copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 })).rejects.toThrow('enough');
});

test('Heartbeats tell the mapping, the batch and how far it is, and nothing of the rows', async () => {
  const heartbeats: Record<string, string | number>[] = [];
  await run
    .worker({ heartbeat: (details) => void heartbeats.push(details) })
    .copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 });
  expect(heartbeats.length).toBeGreaterThan(0);
  for (const heartbeat of heartbeats) expect(Object.keys(heartbeat)).toEqual(['mapping', 'ordinal', 'rows', 'bytes']);
});

test('Cancellation ends a careful insert that waits for a lock, and leaves nothing', async () => {
  await run.target.query(`alter table blobs add constraint not_first check (abs(id) <> 1);
    create function wait_at_gate() returns trigger language plpgsql as
      $$ begin perform pg_advisory_xact_lock_shared(42); return new; end $$;
    create trigger gate before insert on blobs for each row when (new.id = 100) execute function wait_at_gate()`);
  const gate = new Client({ connectionString: run.target.url });
  gate.on('error', () => undefined);
  await gate.connect();
  await gate.query('select pg_advisory_lock(42)');
  const cancel = new AbortController();
  const ended = expect(
    run.worker({ signal: cancel.signal }).copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 }),
  ).rejects.toThrow('enough');
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory' and query like '%overriding system value%'`;
  while ((await run.target.query(waiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  cancel.abort(new Error('enough'));
  await ended;
  await gate.end();
  await nobodyLeft('source');
  await nobodyLeft('target');
  expect(await run.target.query('select * from blobs')).toEqual([]);
  expect(await run.activities.copyBatch({ ref: run.ref, mapping: 'blobs', ordinal: 0 })).toMatchObject({
    migrated: 199,
    quarantined: 1,
  });
});

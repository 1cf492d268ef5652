import { openCopyRun, type CopyRun } from './copy-run';
import { openProxy, type Link, type Proxy } from './tcp-proxy';

let run: CopyRun;
let proxy: Proxy | undefined;

beforeEach(async () => {
  run = await openCopyRun({
    source: `create table people (id int primary key, name text); insert into people select g, 'p' || g from generate_series(1, 500) g`,
    target: 'create table people (id int primary key, name text)',
    mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }] }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
});
afterEach(async () => {
  proxy?.close();
  await run.drop();
});

/** Breaks the connection at the COMMIT that follows the first receipt. */
async function breakAtCommit(
  atCommit: (chunk: Buffer, link: Link) => boolean,
  reply?: (link: Link) => boolean,
): Promise<void> {
  const receipts = new Set<Link>();
  let broken: Link | undefined;
  proxy = await openProxy(run.target.url, {
    fromClient(chunk, link) {
      if (chunk.includes("state = 'done', path")) receipts.add(link);
      if (broken === undefined && receipts.has(link) && chunk.includes('commit\0')) {
        broken = link;
        return atCommit(chunk, link);
      }
      return true;
    },
    fromServer: (_chunk, link) => link !== broken || reply === undefined || reply(link),
  });
}

async function onceOnly(): Promise<void> {
  expect(await run.target.query('select count(*)::int n, count(distinct id)::int d from people')).toEqual([
    { n: 500, d: 500 },
  ]);
  expect(await run.target.query(`select state, attempts, migrated::int from rowproof.batch`)).toMatchObject([
    { state: 'done', migrated: 500 },
  ]);
}

test('A COMMIT that took effect and whose reply is lost is found done, in the same attempt', async () => {
  await breakAtCommit(
    () => true,
    (link) => {
      link.client.destroy();
      return false;
    },
  );
  const receipt = await run
    .worker({ targetUrl: (proxy as Proxy).url })
    .copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  expect(receipt).toMatchObject({ migrated: 500 });
  expect(await run.target.query('select attempts from rowproof.batch')).toEqual([{ attempts: 1 }]);
  await onceOnly();
});

test('A COMMIT that never arrived is found undone, and the next attempt copies the batch', async () => {
  await breakAtCommit((_chunk, link) => {
    link.client.destroy();
    return false;
  });
  const worker = run.worker({ targetUrl: (proxy as Proxy).url });
  await expect(worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).rejects.toMatchObject({
    code: 'RP5002',
  });
  expect(await run.target.query('select count(*)::int n from people')).toEqual([{ n: 0 }]);
  await worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await onceOnly();
});

test('Nothing is tried again while the transaction may still commit: its backend is ended first', async () => {
  let backend: Link | undefined;
  await breakAtCommit((_chunk, link) => {
    backend = link;
    link.cut = true;
    link.client.destroy();
    return false;
  });
  const worker = run.worker({ targetUrl: (proxy as Proxy).url });
  await expect(worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).rejects.toMatchObject({
    code: 'RP5002',
  });
  expect(backend).toBeDefined();
  const open = `select 1 from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`;
  expect(await run.target.query(open)).toEqual([]);
  await worker.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await onceOnly();
});

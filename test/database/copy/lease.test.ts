import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { fence, renewLease, takeLease } from '../../../src/engine/copy/batch-lease';
import { setLockTimeout } from '../../../src/postgres/queries/copy/transaction';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import { openCopyRun, type CopyRun } from './copy-run';
import { createRollbackActivities } from '../../../activities/rollback';

let run: CopyRun;
const open: Session[] = [];
let gate: Client | undefined;

beforeEach(async () => {
  run = await openCopyRun({
    source: `create table people (id int primary key, name text); insert into people select g, 'p' || g from generate_series(1, 500) g`,
    target: `create table people (id int primary key, name text);
      create function wait_at_gate() returns trigger language plpgsql as
        $$ begin if new.id = 250 then perform pg_advisory_xact_lock_shared(42); end if; return new; end $$;
      create trigger gate before insert on people for each row execute function wait_at_gate()`,
    mappings: [{ name: 'people', columns: [{ target: 'id' }, { target: 'name' }] }],
  });
  await run.activities.planBatches({ ref: run.ref, mapping: 'people' });
});
afterEach(async () => {
  await openGate();
  for (const one of open.splice(0)) one.destroy();
  await run.drop();
});

const name = () => ({ run: run.ref.run, mapping: 'people', ordinal: 0 });

async function session(): Promise<Session> {
  const one = await run.databases.ledger(run.ref, 'test');
  await setLockTimeout(one, 200);
  open.push(one);
  return one;
}

/** Rows of the batch wait half-way while the gate is closed. */
async function closeGate(): Promise<void> {
  gate = new Client({ connectionString: run.target.url });
  gate.on('error', () => undefined);
  await gate.connect();
  await gate.query('select pg_advisory_lock(42)');
}

async function openGate(): Promise<void> {
  await gate?.end();
  gate = undefined;
}

async function waitUntil(sql: string): Promise<Record<string, unknown>> {
  for (;;) {
    const [row] = await run.target.query(sql);
    if (row !== undefined) return row;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const atGate = `select a.pid from pg_stat_activity a join rowproof.batch b on b.backend_pid = a.pid
  where a.wait_event = 'advisory' and a.datname = current_database()`;

async function onceOnly(): Promise<void> {
  expect(await run.target.query('select count(*)::int n from people')).toEqual([{ n: 500 }]);
  expect(await run.target.query('select state, migrated::int from rowproof.batch')).toEqual([
    { state: 'done', migrated: 500 },
  ]);
}

test('An attempt that lost its lease cannot pass the fence', async () => {
  const [zombie, successor] = [await session(), await session()];
  const [old, young] = [randomUUID(), randomUUID()];
  await takeLease(zombie, name(), old);
  await takeLease(successor, name(), young);
  await expect(inTransaction(zombie, 'read write', () => fence(zombie, name(), old))).rejects.toMatchObject({
    code: 'RP5001',
  });
  await expect(renewLease(zombie, name(), old)).rejects.toMatchObject({ code: 'RP5001' });
  await inTransaction(successor, 'read write', () => fence(successor, name(), young));
});

test('A takeover ends a zombie that holds its transaction open, and what it wrote is gone', async () => {
  const [zombie, successor] = [await session(), await session()];
  const old = randomUUID();
  await takeLease(zombie, name(), old);
  await zombie.query('begin');
  await fence(zombie, name(), old);
  await zombie.query(`insert into public.people values (1, 'zombie')`);
  await takeLease(successor, name(), randomUUID());
  await expect(zombie.query('commit')).rejects.toThrow();
  expect(await run.target.query('select * from people')).toEqual([]);
});

test('A second attempt takes over a batch that hangs in its COPY, and its rows are there once', async () => {
  await closeGate();
  const first = run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 }).then(
    () => 'committed',
    () => 'failed',
  );
  const { pid } = await waitUntil(atGate);
  const second = run.worker().copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await waitUntil(`select 1 as one from (${atGate}) g where pid <> ${Number(pid)}`);
  await openGate();
  expect(await second).toMatchObject({ migrated: 500 });
  expect(await first).toBe('failed');
  await onceOnly();
});

test('A backend that is ended in the middle of its COPY leaves nothing, and the next attempt copies the batch', async () => {
  await closeGate();
  const first = run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  const failed = expect(first).rejects.toThrow();
  const { pid } = await waitUntil(atGate);
  await run.target.query('select pg_terminate_backend($1)', [pid]);
  await failed;
  expect(await run.target.query('select * from people')).toEqual([]);
  await openGate();
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await onceOnly();
});

test('A source that goes away in the middle of a batch leaves nothing, and the next attempt copies the batch', async () => {
  await closeGate();
  const first = run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  const failed = expect(first).rejects.toThrow();
  await waitUntil(atGate);
  await run.source.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await openGate();
  await failed;
  expect(await run.target.query('select * from people')).toEqual([]);
  await run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 });
  await onceOnly();
});

test('A lock of somebody else on the batch is reported, and nobody is ended for it', async () => {
  const other = await session();
  await other.query('begin');
  await other.query('select 1 from rowproof.batch for update');
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).rejects.toMatchObject({
    code: 'RP5005',
  });
  await other.query('commit');
});

test('A revoked batch is never copied', async () => {
  await run.target.query(`update rowproof.batch set state = 'revoked', owner = null, epoch = epoch + 1`);
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 })).rejects.toMatchObject({
    code: 'RP5003',
  });
  await expect(
    run.activities.quarantineBatch({ ref: run.ref, mapping: 'people', ordinal: 0, by: 'me', reason: 'why' }),
  ).rejects.toMatchObject({
    code: 'RP5003',
  });
  expect(await run.target.query('select * from people')).toEqual([]);
});

test('Two workers on one batch at once load it once', async () => {
  const results = await Promise.allSettled([
    run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 }),
    run.worker().copyBatch({ ref: run.ref, mapping: 'people', ordinal: 0 }),
  ]);
  expect(results.some((one) => one.status === 'fulfilled')).toBe(true);
  await onceOnly();
});

test('Once leases are revoked no batch can be planned, taken or committed any more', async () => {
  const [owner, nonce] = [await session(), randomUUID()];
  await takeLease(owner, name(), nonce);
  // a late planner that has read its ranges before the rollback began
  await run.target.query('delete from rowproof.batch');
  await createRollbackActivities({ databases: run.databases }).revokeLeases(run.ref);
  await expect(run.activities.planBatches({ ref: run.ref, mapping: 'people' })).rejects.toMatchObject({
    code: 'RP5104',
  });
  expect(await run.target.query('select * from rowproof.batch')).toEqual([]);
  await run.target.query(
    `insert into rowproof.batch (run, mapping, ordinal, state, owner) values ($1, 'people', 0, 'running', $2), ($1, 'people', 1, 'pending', null)`,
    [run.ref.run, nonce],
  );
  await expect(run.activities.copyBatch({ ref: run.ref, mapping: 'people', ordinal: 1 })).rejects.toMatchObject({
    code: 'RP5003',
  });
  await expect(inTransaction(owner, 'read write', () => fence(owner, name(), nonce))).rejects.toMatchObject({
    code: 'RP5104',
  });
  expect(await run.target.query('select * from people')).toEqual([]);
});

import type { CompiledPlan } from '../../../src/contract/compiled';
import { claimTables, releaseTables } from '../../../src/postgres/ledger/run/claim';
import { appendCommand, appendEvent, readEvents, verifyChain } from '../../../src/postgres/ledger/run/event';
import { readPhases, setPhase } from '../../../src/postgres/ledger/run/phase';
import {
  closeRun,
  createRun,
  latestRun,
  listRuns,
  loadRun,
  reopenRun,
  setWorkflow,
} from '../../../src/postgres/ledger/run/run';
import { ledgerMigrations, usableFrom } from '../../../src/postgres/ledger/migrations/migrations';
import { ensureLedger, ledgerVersion, type LedgerKnowledge } from '../../../src/postgres/ledger/run/schema';
import type { Session } from '../../../src/postgres/session';
import { inTransaction } from '../../../src/postgres/transaction';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;
let session: Session;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'ledger' });
  session = await sessionOn(database.url);
});
afterAll(async () => {
  await session.close();
  await database.drop();
});

/** Key order matters to whoever wrote it, so it has to come back as it was. */
const compiled = {
  format: 1,
  digest: 'ab'.repeat(32),
  code: 'abab-abab',
  engine: '0.1.0',
  mappings: [],
  plan: { name: 'crm', sources: { zeta: 1, a: 2, beta: 3 }, text: 'é😀\u0000"\\' },
} as unknown as CompiledPlan;

async function withDatabase<T>(work: (other: TestDatabase) => Promise<T>): Promise<T> {
  const other = await createDatabase({ prefix: 'ledger' });
  try {
    return await work(other);
  } finally {
    await other.drop();
  }
}

describe('the ledger', () => {
  test('is made once, also when several sessions make it at the same moment', async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => sessionOn(database.url)));
    await Promise.all(sessions.map((one) => ensureLedger(one)));
    await Promise.all(sessions.map((one) => one.close()));
    await ensureLedger(session);
    expect(await ledgerVersion(session)).toBe(ledgerMigrations.length);
    expect((await session.query('select version from rowproof.ledger order by version')).rows).toEqual([
      { version: '1' },
      { version: '2' },
    ]);
  });

  test('of the first version is brought forward, and keeps what it holds', async () => {
    await withDatabase(async (other) => {
      const one = await sessionOn(other.url);
      await one.query('create schema rowproof');
      await one.query(
        'create table rowproof.ledger (version int primary key, usable_from int not null, made_at timestamptz default now())',
      );
      await one.query(ledgerMigrations[0] as string);
      await one.query(`insert into rowproof.ledger (version, usable_from) values (1, 1);
        insert into rowproof.run (run, plan, ordinal, digest, engine, compiled, secret) values ('crm-1', 'crm', 1, 'd', 'e', '{}', '\\x00')`);
      await expect(ensureLedger(one)).rejects.toThrow(/open runs of an older rowproof: crm-1\..*RP4021/);
      await ensureLedger(one, 'crm-1');
      expect(await ledgerVersion(one)).toBe(ledgerMigrations.length);
      expect((await one.query('select run from rowproof.run')).rows).toEqual([{ run: 'crm-1' }]);
      expect((await one.query('select count(*) as n from rowproof.apply_lease')).rows).toEqual([{ n: '0' }]);
      await one.close();
    });
  });

  test('of a newer version is refused', async () => {
    await withDatabase(async (other) => {
      const one = await sessionOn(other.url);
      await ensureLedger(one);
      await one.query('insert into rowproof.ledger (version, usable_from) values (99, 99)');
      await expect(ensureLedger(one)).rejects.toThrow(/version 99; .*RP4002/);
      await one.close();
    });
  });

  test('of a newer version that only added is used by the older one, also while runs are open', async () => {
    await withDatabase(async (other) => {
      const one = await sessionOn(other.url);
      await ensureLedger(one);
      await one.query(
        `insert into rowproof.run (run, plan, ordinal, digest, engine, compiled, secret) values ('crm-1', 'crm', 1, 'd', 'e', '{}', '\\x00')`,
      );
      const newest = ledgerMigrations.length;
      const adds = 'create table rowproof.more (n int)';
      const newer = (oldest: number): LedgerKnowledge => ({
        migrations: [...ledgerMigrations, adds],
        usableFrom: [...usableFrom, oldest],
      });
      await expect(ensureLedger(one, null, newer(newest + 1))).rejects.toThrow('RP4021');
      await ensureLedger(one, null, newer(newest));
      expect(await ledgerVersion(one)).toBe(newest + 1);
      await ensureLedger(one);
      expect((await one.query('select count(*) as n from rowproof.ledger')).rows).toEqual([{ n: String(newest + 1) }]);
      await one.close();
    });
  });

  test('does not move into a schema rowproof of somebody else', async () => {
    await withDatabase(async (other) => {
      await other.query('create schema rowproof; create table rowproof.recipes (a int)');
      const one = await sessionOn(other.url);
      await expect(ensureLedger(one)).rejects.toThrow('RP4003');
      expect(await other.query('select * from rowproof.recipes')).toEqual([]);
      await one.close();
    });
  });

  test('comes back beside the id map that a finished run left behind', async () => {
    await withDatabase(async (other) => {
      const one = await sessionOn(other.url);
      await ensureLedger(one);
      await one.query(`insert into rowproof.id_map values ('crm-1', 'customer', '["1"]', 'x')`);
      const { rows } = await one.query<{ name: string }>(
        `select relname as name from pg_class where relnamespace = 'rowproof'::regnamespace and relkind in ('r', 'p') and relname <> 'id_map'`,
      );
      await one.query('drop view rowproof.quarantine');
      await one.query(`drop table ${rows.map(({ name }) => `rowproof.${name}`).join(', ')}`);
      await ensureLedger(one);
      expect(await ledgerVersion(one)).toBe(ledgerMigrations.length);
      expect((await one.query('select run from rowproof.id_map')).rows).toEqual([{ run: 'crm-1' }]);
      await one.query(
        `insert into rowproof.id_map select r, 'm', g::text, '' from unnest(array['crm-9', 'crm-10', 'crm-x', 'crm-eu-40', 'a-1']) r, generate_series(1, 3) g`,
      );
      expect(await createRun(one, { plan: 'crm', compiled, options: {} })).toBe('crm-11');
      expect(await createRun(one, { plan: 'crm', compiled, options: {} })).toBe('crm-12');
      expect(await createRun(one, { plan: 'cr', compiled, options: {} })).toBe('cr-1');
      await one.close();
    });
  });

  test('needs CREATE on the database, and says so; an empty schema made beforehand does as well', async () => {
    await withDatabase(async (other) => {
      const role = `${other.name}_role`;
      await other.query(`create role ${role} login password 'x'`);
      const url = new URL(other.url);
      url.username = role;
      url.password = 'x';
      const one = await sessionOn(url.toString());
      await expect(ensureLedger(one)).rejects.toThrow(/may not create or change schema rowproof.*RP4004/);
      await other.query('create schema rowproof');
      await expect(ensureLedger(one)).rejects.toThrow(/may not use schema rowproof.*RP4004/);
      await other.query(`alter schema rowproof owner to ${role}`);
      await ensureLedger(one);
      expect(await ledgerVersion(one)).toBe(ledgerMigrations.length);
      await one.close();
      await other.query(`drop owned by ${role} cascade; drop role ${role}`);
    });
  });
});

describe('runs', () => {
  test('are numbered per plan without gaps, also when many open at once', async () => {
    const sessions = await Promise.all(Array.from({ length: 6 }, () => sessionOn(database.url)));
    const opened = await Promise.all(sessions.map((one) => createRun(one, { plan: 'many', compiled, options: {} })));
    await Promise.all(sessions.map((one) => one.close()));
    expect(opened.sort()).toEqual(['many-1', 'many-2', 'many-3', 'many-4', 'many-5', 'many-6']);
    expect(await createRun(session, { plan: 'other', compiled, options: {} })).toBe('other-1');
    expect(await latestRun(session, 'many')).toBe('many-6');
    expect(await latestRun(session, 'never')).toBeNull();
  });

  test('leave no number behind when their transaction rolls back', async () => {
    const work = inTransaction(session, 'read write', async () => {
      await createRun(session, { plan: 'undone', compiled, options: {} });
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await createRun(session, { plan: 'undone', compiled, options: {} })).toBe('undone-1');
  });

  test('come back as they were opened, byte for byte, with a secret of their own', async () => {
    const first = await createRun(session, { plan: 'crm', compiled, options: { only: ['a b'], sample: 1.5 } });
    const loaded = await loadRun(session, first);
    expect(JSON.stringify(loaded.compiled)).toBe(JSON.stringify(compiled));
    expect(loaded).toMatchObject({
      run: 'crm-1',
      plan: 'crm',
      digest: compiled.digest,
      options: { only: ['a b'], sample: 1.5 },
      phase: 'open',
      outcome: null,
      sentence: null,
      workflowId: null,
      closedAt: null,
    });
    expect(loaded.secret).toHaveLength(32);
    expect(loaded.openedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const second = await loadRun(session, await createRun(session, { plan: 'crm', compiled, options: {} }));
    expect(second.secret.equals(loaded.secret)).toBe(false);
    expect((await listRuns(session, 'crm')).map(({ run }) => run)).toEqual(['crm-2', 'crm-1']);
  });

  test('record workflow, phases and their end', async () => {
    const run = await createRun(session, { plan: 'ends', compiled, options: {} });
    await setWorkflow(session, run, 'wf', 'exec');
    for (const phase of ['discovery', 'copy'] as const) {
      await setPhase(session, run, phase, 'started');
      await setPhase(session, run, phase, 'started');
    }
    await setPhase(session, run, 'discovery', 'finished');
    const times = await readPhases(session, run);
    await setPhase(session, run, 'discovery', 'finished');
    expect(await readPhases(session, run)).toEqual(times);
    expect(await loadRun(session, run)).toMatchObject({ phase: 'copy', workflowId: 'wf', executionId: 'exec' });
    await closeRun(session, run, 'failed', 'It did not work.');
    const failed = await loadRun(session, run);
    expect(failed).toMatchObject({ outcome: 'failed', sentence: 'It did not work.', phase: 'copy' });
    await closeRun(session, run, 'rolled_back', 'Undone.');
    expect(await loadRun(session, run)).toMatchObject({
      outcome: 'rolled_back',
      phase: 'rollback',
      closedAt: failed.closedAt,
    });
    await reopenRun(session, run);
    expect(await loadRun(session, run)).toMatchObject({ outcome: null, closedAt: null });
  });

  test('that are not there are named, with or without a ledger', async () => {
    await expect(loadRun(session, 'crm-99')).rejects.toThrow(/crm-99.*RP4001/);
    await expect(closeRun(session, 'crm-99', 'failed', '')).rejects.toThrow('RP4001');
    await expect(setPhase(session, 'crm-99', 'copy', 'started')).rejects.toThrow('RP4001');
    await withDatabase(async (other) => {
      const one = await sessionOn(other.url);
      await expect(loadRun(one, 'crm-1')).rejects.toThrow('RP4001');
      expect(await listRuns(one)).toEqual([]);
      await one.close();
    });
  });
});

describe('claims', () => {
  test('keep every other run off, by name, and take all tables or none', async () => {
    const [one, two] = [
      await createRun(session, { plan: 'c', compiled, options: {} }),
      await createRun(session, { plan: 'c', compiled, options: {} }),
    ];
    await claimTables(session, one, ['"s"."a"', '"s"."b"']);
    await claimTables(session, one, ['"s"."b"', '"s"."a"']);
    await expect(claimTables(session, two, ['"s"."z"', '"s"."b"'])).rejects.toThrow(
      `"s"."b" is claimed by run ${one} (RP4005)`,
    );
    await releaseTables(session, one);
    await claimTables(session, two, ['"s"."z"', '"s"."b"']);
    expect(
      (await session.query(`select relation from rowproof.claim where run = '${two}' order by 1`)).rows,
    ).toHaveLength(2);
  });

  test('of two runs at the same moment go to exactly one of them', async () => {
    const runs = await Promise.all(['x', 'y'].map((plan) => createRunOn(plan)));
    const sessions = await Promise.all(runs.map(() => sessionOn(database.url)));
    const outcomes = await Promise.allSettled(
      runs.map((run, index) => claimTables(sessions[index] as Session, run, ['t1', 't2', 't3'])),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await Promise.all(sessions.map((one) => one.close()));
  });
});

async function createRunOn(plan: string): Promise<string> {
  const one = await sessionOn(database.url);
  const run = await createRun(one, { plan, compiled, options: {} });
  await one.close();
  return run;
}

describe('events', () => {
  test('form one chain, also when many are appended at once', async () => {
    const run = await createRun(session, { plan: 'chain', compiled, options: {} });
    const sessions = await Promise.all(Array.from({ length: 5 }, () => sessionOn(database.url)));
    await Promise.all(
      sessions.flatMap((one, index) => [appendEvent(one, run, 'first', { index, why: 'z', a: null, 'b"': true })]),
    );
    await Promise.all(sessions.map((one) => one.close()));
    await inTransaction(session, 'read write', async () => {
      await appendEvent(session, run, 'approve', { by: 'ana', reason: 'é\u0000\ud800 ok', n: 1.5e21 });
      await appendEvent(session, run, 'done', {});
    });
    const events = await readEvents(session, run);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(events[5]?.body).toEqual({ by: 'ana', reason: 'é\uFFFD\uFFFD ok', n: 1.5e21 });
    expect((await readEvents(session, run, 5)).map(({ kind }) => kind)).toEqual(['approve', 'done']);
    expect(await verifyChain(session, run)).toEqual({ intact: true, events: 7, brokenAt: null, head: events[6]?.hash });
  });

  test('of a command are written once for its id and state, and nothing after it is done or refused', async () => {
    const run = await createRun(session, { plan: 'commanded', compiled, options: {} });
    const body = { gate: 'copy', by: 'ana' };
    const append = (id: string, state: 'accepted' | 'done' | 'refused'): Promise<boolean> =>
      appendCommand(session, run, { id, name: 'approve', kind: 'approved', state, body });
    expect(await append('one', 'accepted')).toBe(true);
    expect(await append('one', 'accepted')).toBe(false);
    expect(await append('one', 'done')).toBe(true);
    expect(await append('one', 'refused')).toBe(false);
    // an attempt that was given up, and comes after the refusal
    expect(await append('late', 'refused')).toBe(true);
    expect(await append('late', 'accepted')).toBe(false);
    expect(
      (await readEvents(session, run)).map(({ kind, body: said }) => [kind, said['command'], said['state']]),
    ).toEqual([
      ['command', 'one', 'accepted'],
      ['approved', 'one', 'done'],
      ['command', 'late', 'refused'],
    ]);
    expect(await verifyChain(session, run)).toMatchObject({ intact: true, events: 3 });
  });

  test('of a run without any are an intact chain', async () => {
    const run = await createRun(session, { plan: 'silent', compiled, options: {} });
    expect(await verifyChain(session, run)).toMatchObject({ intact: true, events: 0 });
  });

  test.each([
    ['a changed body', `update rowproof.event set body = '{"by":"eve"}' where seq = 2 and run = $1`, 2],
    ['a changed kind', `update rowproof.event set kind = 'decide' where seq = 2 and run = $1`, 2],
    ['a changed time', `update rowproof.event set at = at - interval '1 microsecond' where seq = 3 and run = $1`, 3],
    ['a removed event', `delete from rowproof.event where seq = 2 and run = $1`, 3],
    [
      'swapped events',
      `update rowproof.event e set body = o.body, kind = o.kind from rowproof.event o where e.run = $1 and o.run = $1 and e.seq + o.seq = 3`,
      1,
    ],
  ])('betray %s', async (_, tampering, brokenAt) => {
    const run = await createRun(session, { plan: 'tampered', compiled, options: {} });
    for (const by of ['ana', 'ben', 'eva', 'dan']) await appendEvent(session, run, `approve ${by}`, { by });
    expect((await verifyChain(session, run)).intact).toBe(true);
    expect((await session.query(tampering, [run])).rowCount).toBeGreaterThan(0);
    expect(await verifyChain(session, run)).toMatchObject({ intact: false, brokenAt });
  });
});

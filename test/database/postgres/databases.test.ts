import type { CompiledPlan } from '../../../src/contract/compiled';
import type { ConnectionSpec } from '../../../src/contract/resolved-plan';
import { createDatabases } from '../../../src/postgres/databases';
import { closeRun, createRun } from '../../../src/postgres/ledger/run/run';
import { ensureLedger } from '../../../src/postgres/ledger/run/schema';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { sessionOn } from '../../support/postgres/session';

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'databases' });
});
afterAll(() => database.drop());

function byVariable(name: string): ConnectionSpec {
  return {
    url: `\${${name}}`,
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
}

function compiledOf(digest: string): CompiledPlan {
  return {
    format: 1,
    digest,
    code: digest.slice(0, 4),
    engine: '0',
    mappings: [],
    plan: {
      name: 'crm',
      sources: { legacy: byVariable('LEGACY_URL') },
      target: { searchPath: null },
      settings: { lockTimeoutMs: 4321 },
    },
  } as unknown as CompiledPlan;
}

test('a ledger is found by variable or by plan, and the session says for what it is', async () => {
  const databases = createDatabases({
    env: { CRM_URL: database.url },
    plansFolder: '/plans',
    readPlanTarget: (plan) =>
      plan === 'crm' ? Promise.resolve(byVariable('CRM_URL')) : Promise.reject(new Error('unknown plan')),
  });
  for (const ledger of ['env:CRM_URL', 'plan:crm']) {
    const session = await databases.ledger({ run: 'crm-7', ledger }, 'copy');
    expect(
      (await session.query(`select current_database() as name, current_setting('application_name') as app`)).rows,
    ).toEqual([{ name: database.name, app: 'rowproof crm-7 copy' }]);
    await session.close();
  }
  await expect(databases.ledger({ run: 'crm-7', ledger: 'env:NOT_SET' }, 'copy')).rejects.toThrow('RP3018');
  await expect(databases.ledger({ run: 'crm-7', ledger: database.url }, 'copy')).rejects.toThrow('RP4006');
  await expect(databases.ledger({ run: 'crm-7', ledger: 'plan:nope' }, 'copy')).rejects.toThrow('unknown plan');
});

test('a run is loaded once and its state each time, and a ledger made anew is noticed', async () => {
  const databases = createDatabases({
    env: { CRM_URL: database.url, LEGACY_URL: database.url },
    plansFolder: null,
    readPlanTarget: () => Promise.reject(new Error('none')),
  });
  const ref = { run: 'crm-1', ledger: 'env:CRM_URL' };
  const session = await sessionOn(database.url);
  await ensureLedger(session);
  await createRun(session, { plan: 'crm', compiled: compiledOf('aa'), options: {} });
  const first = await databases.run(ref);
  expect(first).toMatchObject({ run: 'crm-1', digest: 'aa', outcome: null });
  await closeRun(session, 'crm-1', 'failed', 'no');
  const second = await databases.run(ref, session);
  expect(second.outcome).toBe('failed');
  expect(second.compiled).toBe(first.compiled);

  const source = await databases.source(first.compiled, 'legacy', 'profile');
  expect((await source.query(`select current_setting('lock_timeout') as lock`)).rows).toEqual([{ lock: '4321ms' }]);
  await source.close();
  await expect(databases.source(first.compiled, 'nope', 'profile')).rejects.toThrow('nope');

  await session.query('drop schema rowproof cascade');
  await ensureLedger(session);
  await createRun(session, { plan: 'crm', compiled: compiledOf('bb'), options: {} });
  expect((await databases.run(ref)).digest).toBe('bb');
  await expect(databases.run({ ...ref, run: 'crm-2' })).rejects.toThrow('RP4001');
  await session.close();
});

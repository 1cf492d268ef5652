import { Client as TemporalClient, Connection } from '@temporalio/client';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { devDown, devStatus, devUp } from '../../src/dev/environment';
import { findTemporal } from '../../src/dev/find-temporal';
import { freePort } from '../../src/dev/free-port';
import { openStateFolder, stateFolder } from '../../src/dev/state-folder';
import { RowproofError } from '../../src/errors/rowproof-error';
import { openFolder } from '../support/open-folder';

const quiet = (): void => undefined;
const state = join(openFolder('rowproof-dev-'), 'state');
const uiPort = freePort();

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('the local environment', () => {
  beforeAll(async () => {
    openStateFolder(stateFolder());
    process.env['TEMPORAL_CLI_PATH'] = await findTemporal(stateFolder(), quiet);
  });

  afterAll(async () => {
    await devDown({ say: quiet, state });
    rmSync(join(state, '..'), { recursive: true, force: true });
  });

  it('does not run before it was started, and stopping it then does nothing', async () => {
    expect(devStatus({ state })).toEqual({ state, postgres: null, temporal: null });
    expect(await devDown({ say: quiet, state })).toEqual([]);
    expect(existsSync(state)).toBe(false);
  });

  it('comes up once for two callers at the same time', async () => {
    const [one, two] = await Promise.all([
      devUp({ say: quiet, state, uiPort: await uiPort }),
      devUp({ say: quiet, state, uiPort: await uiPort }),
    ]);
    expect(two).toEqual(one);
    expect(devStatus({ state })).toEqual(one);
    expect(await devUp({ say: quiet, state, uiPort: await uiPort })).toEqual(one);
  });

  it('has a UTF8 cluster with an explicit locale and fsync that takes passwords only', async () => {
    const { url } = (await devUp({ say: quiet, state, uiPort: await uiPort })).postgres;
    const [facts] = await query(
      url,
      `select current_setting('fsync') as fsync, current_setting('listen_addresses') as listens,
              pg_encoding_to_char(encoding) as encoding, datcollate as collate, datctype as ctype
       from pg_database where datname = 'template1'`,
    );
    expect(facts).toMatchObject({ fsync: 'on', listens: '127.0.0.1', encoding: 'UTF8' });
    expect(['C.UTF-8', 'C']).toContain(facts?.['collate']);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    await expect(query(wrong.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(join(state, 'environment.json')).mode & 0o077).toBe(0);
  });

  it('has a Temporal with our search attributes and 90 days of retention', async () => {
    const { address, namespace } = (await devUp({ say: quiet, state, uiPort: await uiPort })).temporal;
    const connection = await Connection.connect({ address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      const expected = ['BlockedBatches', 'MigrationPhase', 'MigrationPlan', 'MigrationState', 'MigrationTable'];
      expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(expected));
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 24 * 60 * 60);
    } finally {
      await connection.close();
    }
  });

  it('keeps ports, rows and histories over a crash of both servers', async () => {
    // The usual port of the UI is free for whoever starts next while ours is down, so this one has a port of its own.
    const before = await devUp({ say: quiet, state, uiPort: await uiPort });
    await query(before.postgres.url, 'create table kept (n int); insert into kept values (7)');
    const connection = await Connection.connect({ address: before.temporal.address });
    const client = new TemporalClient({ connection });
    await client.workflow.start('anything', { taskQueue: 'nobody', workflowId: 'kept-1', args: [] });
    await connection.close();
    process.kill(before.postgres.pid, 'SIGKILL');
    process.kill(before.temporal.pid, 'SIGKILL');

    const after = await devUp({ say: quiet, state, uiPort: await uiPort });
    expect(after.postgres.url).toBe(before.postgres.url);
    expect(after.temporal.uiUrl).toBe(before.temporal.uiUrl);
    expect(after.postgres.pid).not.toBe(before.postgres.pid);
    expect(await query(after.postgres.url, 'select n from kept')).toEqual([{ n: 7 }]);
    const again = await Connection.connect({ address: after.temporal.address });
    const { status } = await new TemporalClient({ connection: again }).workflow.getHandle('kept-1').describe();
    await again.close();
    expect(status.name).toBe('RUNNING');
  });

  it('finds a PostgreSQL again whose start nobody recorded', async () => {
    const before = await devUp({ say: quiet, state, uiPort: await uiPort });
    rmSync(join(state, 'environment.json'));
    process.kill(before.temporal.pid, 'SIGKILL');
    const after = await devUp({ say: quiet, state, uiPort: await uiPort });
    expect(after.postgres).toEqual(before.postgres);
  });

  it('goes down and says what it stopped', async () => {
    const { postgres } = await devUp({ say: quiet, state, uiPort: await uiPort });
    expect(await devDown({ say: quiet, state })).toEqual(['temporal', 'postgres']);
    expect(devStatus({ state })).toEqual({ state, postgres: null, temporal: null });
    await expect(query(postgres.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('shows the end of the server log when PostgreSQL does not start', async () => {
    const { log } = (await devUp({ say: quiet, state, uiPort: await uiPort })).postgres;
    await devDown({ say: quiet, state });
    appendFileSync(join(log, '..', 'data', 'postgresql.auto.conf'), "no_such_parameter = 'x'\n");
    const failure = await devUp({ say: quiet, state, uiPort: await uiPort }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RowproofError);
    expect((failure as RowproofError).code).toBe('RP8003');
    expect((failure as RowproofError).problems[0]?.why).toContain('no_such_parameter');
  });
});

const asRoot = process.getuid?.() === 0 ? it : it.skip;

describe('a state folder', () => {
  asRoot('that the user of the server cannot enter is refused before anything is made in it', async () => {
    const closed = openFolder('rowproof-closed-');
    mkdirSync(join(closed, 'private'), { mode: 0o700 });
    const inside = join(closed, 'private', 'state');
    await expect(devUp({ say: quiet, state: inside })).rejects.toMatchObject({ code: 'RP8006' });
    expect(readdirSync(inside)).toEqual([]);
    rmSync(closed, { recursive: true, force: true });
  });
});

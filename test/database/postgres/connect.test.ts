import { chownSync, copyFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { ConnectionSpec } from '../../../src/contract/resolved-plan';
import { clusterFiles, clusterUrl, createCluster, startCluster, stopCluster } from '../../../src/dev/cluster';
import { embeddedPostgres } from '../../../src/dev/embedded-postgres';
import { findPostgres } from '../../../src/dev/find-postgres';
import { freePort } from '../../../src/dev/free-port';
import type { ProcessRecord } from '../../../src/dev/server-process';
import { openStateFolder, stateFolder } from '../../../src/dev/state-folder';
import { clusterOwner } from '../../../src/dev/unprivileged-user';
import { RowproofError } from '../../../src/errors/rowproof-error';
import { resolveConnection } from '../../../src/postgres/connection-spec';
import { openSession } from '../../../src/postgres/session';
import { openFolder } from '../../support/open-folder';

/** A server of its own: it checks passwords, offers TLS, and takes some roles in one way only. */

const certificates = join(__dirname, '../../support/certificates');
const root = openFolder('rowproof-connect-');
const folder = join(root, 'cluster');
let server: ProcessRecord;
let port: number;

const rules = `
hostssl   all tls_only   127.0.0.1/32 scram-sha-256
hostssl   all tls_only   ::1/128      scram-sha-256
hostnossl all plain_only 127.0.0.1/32 scram-sha-256
host      all old_hash   127.0.0.1/32 md5
host      all rejected   127.0.0.1/32 reject
host      all postgres,someone,limited,nobody 127.0.0.1/32 scram-sha-256
`;
const secret = 'correct horse';

beforeAll(async () => {
  const owner = clusterOwner();
  openStateFolder(stateFolder());
  const binaries = (await findPostgres(owner))[0] ?? (await embeddedPostgres(stateFolder(), owner, () => undefined));
  await createCluster(folder, binaries, owner, true);
  const { data } = clusterFiles(folder);
  for (const [from, to] of [
    ['server.pem', 'server.crt'],
    ['server.key', 'server.key'],
  ] as const) {
    copyFileSync(join(certificates, from), join(data, to));
    chmodSync(join(data, to), 0o600);
    if (owner !== null) chownSync(join(data, to), owner.uid, owner.gid);
  }
  writeFileSync(join(data, 'pg_hba.conf'), rules);
  port = await freePort();
  const settings = { ssl: 'on', fsync: 'off', log_min_messages: 'panic' };
  server = await startCluster({ folder, binaries, owner, port, settings });
  await asSuperuser(`
    create role tls_only login password '${secret}'; create role plain_only login password '${secret}';
    create role rejected login password '${secret}'; create role someone login password '${secret}';
    create role limited login password '${secret}' connection limit 1;
    create database closed; revoke connect on database closed from public;
    set password_encryption = 'md5'; create role old_hash login password '${secret}'`);
}, 120_000);
afterAll(async () => {
  await stopCluster(server);
  rmSync(root, { recursive: true, force: true });
});

async function asSuperuser(sql: string): Promise<void> {
  const client = new Client({ connectionString: clusterUrl(folder, port), ssl: { rejectUnauthorized: false } });
  await client.connect();
  // one by one: CREATE DATABASE cannot share a transaction
  for (const statement of sql.split(';')) await client.query(statement);
  await client.end();
}

type Tls = Partial<ConnectionSpec['tls']>;

function url(
  user: string,
  options: { password?: string; host?: string; database?: string; port?: number } = {},
): string {
  const { password = secret, host = '127.0.0.1', database = 'postgres' } = options;
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${options.port ?? port}/${database}`;
}

async function open(target: string, tls: Tls = {}): Promise<{ tls: boolean }> {
  const spec = {
    url: '${CRM_URL}',
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null, ...tls },
  };
  const session = await openSession(await resolveConnection(spec, { CRM_URL: target }), {
    applicationName: 'rowproof test',
  });
  const { rows } = await session.query<{ ssl: string }>(
    'select ssl::text from pg_stat_ssl where pid = pg_backend_pid()',
  );
  await session.close();
  return { tls: rows[0]?.ssl === 'true' };
}

/** The error as people read it. Whatever happens, no url and no password is in it. */
async function refusal(target: string, tls: Tls = {}): Promise<string> {
  const error: unknown = await open(target, tls).catch((reason: unknown) => reason);
  if (!(error instanceof RowproofError)) throw new Error('expected a refusal', { cause: error });
  const all = JSON.stringify([error.message, error.problems, error.stack, String(error.cause)]);
  for (const leak of [secret, encodeURIComponent(secret), 'wr0ng', 'postgres://']) expect(all).not.toContain(leak);
  return error.message;
}

const ca = join(certificates, 'ca.pem');

describe('a connection', () => {
  test('is encrypted where the server offers it and plain where it must be', async () => {
    expect(await open(url('someone'))).toEqual({ tls: true });
    expect(await open(url('someone'), { mode: 'disable' })).toEqual({ tls: false });
    expect(await open(url('tls_only'))).toEqual({ tls: true });
    expect(await open(url('plain_only'))).toEqual({ tls: false });
    expect(await open(url('old_hash'))).toEqual({ tls: true });
  });

  test('checks chain and host as far as it is told to', async () => {
    expect(await open(url('tls_only'), { mode: 'require' })).toEqual({ tls: true });
    expect(await open(url('tls_only'), { mode: 'verify-ca', caFile: ca })).toEqual({ tls: true });
    expect(await open(url('tls_only', { host: 'localhost' }), { mode: 'verify-full', caFile: ca })).toEqual({
      tls: true,
    });
    expect(
      await open(`${url('tls_only', { host: 'localhost' })}?sslmode=verify-full&sslrootcert=${encodeURIComponent(ca)}`),
    ).toEqual({ tls: true });
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ['nobody listens', async () => refusal(url('someone', { port: await freePort() })), /was refused \(RP3001\)/],
    [
      'the host is unknown',
      () => refusal(url('someone', { host: 'nowhere.invalid' })),
      /host nowhere.invalid was not found \(RP3002\)/,
    ],
    [
      'the password is wrong',
      () => refusal(url('someone', { password: 'wr0ng' })),
      /password of role someone was not accepted \(RP3004\)/,
    ],
    ['the role does not exist', () => refusal(url('nobody', { password: 'wr0ng' })), /RP3004/],
    [
      'the password is missing',
      () => refusal(`postgres://someone@127.0.0.1:${port}/postgres`),
      /none is given \(RP3005\)/,
    ],
    [
      'the password is missing and its hash is old',
      () => refusal(`postgres://old_hash@127.0.0.1:${port}/postgres`),
      /none is given \(RP3005\)/,
    ],
    ['pg_hba.conf rejects the role', () => refusal(url('rejected')), /role rejected may not connect .*\(RP3006\)/],
    ['pg_hba.conf has no line for the role', () => refusal(url('stranger'), { mode: 'disable' }), /\(RP3006\)/],
    ['TLS is required', () => refusal(url('tls_only'), { mode: 'disable' }), /only over TLS \(RP3007\)/],
    [
      'the CA is another one',
      () => refusal(url('tls_only'), { mode: 'verify-ca', caFile: join(certificates, 'other-ca.pem') }),
      /not trusted \(.*\) \(RP3009\)/,
    ],
    [
      'the CA is unknown',
      () => refusal(url('tls_only', { host: 'localhost' }), { mode: 'verify-full' }),
      /not trusted \(.*\) \(RP3009\)/,
    ],
    [
      'the certificate is of another host',
      () => refusal(url('tls_only'), { mode: 'verify-full', caFile: ca }),
      /not for 127.0.0.1 \(RP3010\)/,
    ],
    [
      'the database does not exist',
      () => refusal(url('someone', { database: 'nope' })),
      /database nope does not exist .*\(RP3011\)/,
    ],
    [
      'CONNECT is not granted',
      () => refusal(url('someone', { database: 'closed' })),
      /no CONNECT privilege on database closed \(RP3012\)/,
    ],
  ])('says so when %s', async (_, refused, expected) => {
    expect(await refused()).toMatch(expected);
  });

  test('says so when no connection is left', async () => {
    const spec = {
      url: '${CRM_URL}',
      urlFile: null,
      passwordFile: null,
      envPrefix: null,
      tls: { mode: null, caFile: null, certFile: null, keyFile: null },
    };
    const deferred = await openSession(await resolveConnection(spec, { CRM_URL: url('limited') }), {
      applicationName: 'holds it',
    });
    expect(await refusal(url('limited'))).toMatch(/RP3013/);
    await deferred.close();
  });

  test('says so when the server offers no TLS and it was asked for', async () => {
    await asSuperuser('alter system set ssl = off');
    await stopCluster(server);
    const owner = clusterOwner();
    const binaries = (await findPostgres(owner))[0] ?? (await embeddedPostgres(stateFolder(), owner, () => undefined));
    server = await startCluster({
      folder,
      binaries,
      owner,
      port,
      settings: { ssl: 'off', fsync: 'off', log_min_messages: 'panic' },
    });
    expect(await refusal(url('someone'), { mode: 'require' })).toMatch(/does not offer TLS \(RP3008\)/);
    expect(await refusal(url('someone'), { mode: 'verify-full', caFile: ca })).toMatch(/RP3008/);
    expect(await open(url('someone'))).toEqual({ tls: false });
  });
});

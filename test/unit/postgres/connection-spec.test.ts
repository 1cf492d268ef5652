import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { ConnectionSpec } from '../../../src/contract/resolved-plan';
import { resolveConnection } from '../../../src/postgres/connection-spec';

const folder = mkdtempSync(join(tmpdir(), 'rowproof-spec-'));
const file = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const noTls = { mode: null, caFile: null, certFile: null, keyFile: null };
const none: ConnectionSpec = { url: null, urlFile: null, passwordFile: null, envPrefix: null, tls: noTls };
const quiet = { PGPASSFILE: file('absent') };

test('a url is filled from the environment, and shows itself by the name of the variable only', async () => {
  const found = await resolveConnection(
    { ...none, url: '${CRM_URL}' },
    { ...quiet, CRM_URL: 'postgres://ana:tops3cret@db:5433/crm' },
  );
  expect(found).toMatchObject({ label: '${CRM_URL}', host: 'db', port: 5433, database: 'crm', user: 'ana' });
  expect(found.password()).toBe('tops3cret');
  expect(`${inspect(found, { depth: 9 })} ${JSON.stringify(found)}`).not.toMatch(/tops3cret|postgres:/);
});

test('parts of a url may come from variables of their own', async () => {
  const env = { ...quiet, HOST: 'db', PW: 'p%40ss' };
  const found = await resolveConnection({ ...none, url: 'postgres://ana:${PW}@${HOST}/crm' }, env);
  expect([found.host, found.password(), found.label]).toEqual(['db', 'p@ss', 'connection url']);
});

test('PG* names everything, and a prefix names a family of its own', async () => {
  const env = {
    ...quiet,
    PGHOST: 'h',
    PGPORT: '1',
    PGUSER: 'u',
    PGPASSWORD: 'p',
    PGDATABASE: 'd',
    PGSSLMODE: 'disable',
    LEGACY_PGHOST: 'lh',
    LEGACY_PGUSER: 'lu',
  };
  const plain = await resolveConnection(none, env);
  expect(plain).toMatchObject({ label: 'PG*', host: 'h', port: 1, user: 'u', database: 'd', tls: { mode: 'disable' } });
  expect(plain.password()).toBe('p');
  const family = await resolveConnection({ ...none, envPrefix: 'LEGACY_' }, env);
  expect(family).toMatchObject({
    label: 'LEGACY_PG*',
    host: 'lh',
    port: 5432,
    user: 'lu',
    database: 'lu',
    tls: { mode: 'prefer' },
  });
  expect(family.password()).toBeNull();
});

test('files are read again each time, because tokens expire', async () => {
  writeFileSync(file('url'), 'postgres://ana@db/crm\n');
  writeFileSync(file('token'), 'first\n');
  const spec = { ...none, urlFile: file('url'), passwordFile: file('token') };
  expect((await resolveConnection(spec, quiet)).password()).toBe('first');
  writeFileSync(file('token'), 'second');
  expect((await resolveConnection(spec, quiet)).password()).toBe('second');
});

test('a password file of libpq is honoured unless others can read it', async () => {
  const pgpass = file('pgpass');
  writeFileSync(pgpass, '# comment\ndb:5432:other:ana:no\n*:*:cr\\:m:ana:a\\:b\\\\c\n', { mode: 0o600 });
  const spec = { ...none, url: '${U}' };
  const env = { PGPASSFILE: pgpass, U: 'postgres://ana@db/cr:m' };
  expect((await resolveConnection(spec, env)).password()).toBe('a:b\\c');
  expect((await resolveConnection(spec, { ...env, U: 'postgres://ben@db/cr:m' })).password()).toBeNull();
  chmodSync(pgpass, 0o644);
  expect((await resolveConnection(spec, env)).password()).toBeNull();
});

test('TLS comes from the plan, else the url; require with a CA checks the chain', async () => {
  writeFileSync(file('ca.pem'), 'CA');
  const url = `postgres://db/crm?sslmode=require&sslrootcert=${encodeURIComponent(file('ca.pem'))}`;
  expect((await resolveConnection({ ...none, url: '${U}' }, { ...quiet, U: url })).tls).toEqual({
    mode: 'verify-ca',
    ca: 'CA',
    cert: null,
    key: null,
  });
  const planned = { ...none, url: '${U}', tls: { ...noTls, mode: 'verify-full' as const } };
  expect((await resolveConnection(planned, { ...quiet, U: url })).tls).toMatchObject({ mode: 'verify-full', ca: 'CA' });
});

test.each<[string, Partial<ConnectionSpec>, NodeJS.ProcessEnv, RegExp]>([
  ['a missing variable', { url: '${CRM_URL}' }, {}, /CRM_URL is not set \(RP3018\)/],
  ['an empty variable', { url: '${CRM_URL}' }, { CRM_URL: '' }, /RP3018/],
  ['a missing file', { urlFile: '/nowhere/url' }, {}, /Cannot read \/nowhere\/url \(ENOENT\) \(RP3019\)/],
  ['something that is no url', { url: '${CRM_URL}' }, { CRM_URL: 'tops3cret' }, /RP3020/],
  ['a port that is no port', { url: '${CRM_URL}' }, { CRM_URL: 'postgres://db:99999/x' }, /RP3020/],
  ['an unknown sslmode', { url: '${CRM_URL}' }, { CRM_URL: 'postgres://db/x?sslmode=tops3cret' }, /RP3020/],
  ['a password in the plan', { url: 'postgres://ana:tops3cret@${HOST}/crm' }, { HOST: 'db' }, /RP3021/],
])('refuses %s without repeating it', async (_, spec, env, expected) => {
  const error: unknown = await resolveConnection({ ...none, ...spec }, { ...quiet, ...env }).catch(
    (reason: unknown) => reason,
  );
  expect((error as Error).message).toMatch(expected);
  expect(JSON.stringify((error as { problems: unknown }).problems)).not.toMatch(/tops3cret|postgres:\/\/db/);
});

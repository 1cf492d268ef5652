import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type CommandResult } from '../support/command';
import { openFolder } from '../support/open-folder';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { binary, document } from '../support/workbench';

/** The commands a person uses before the first run: they read both databases and write nothing into them. */

let source: TestDatabase;
let target: TestDatabase;
let folder: string;

beforeAll(async () => {
  source = await createDatabase({ prefix: 'commands_source' });
  target = await createDatabase({ prefix: 'commands_target' });
  folder = openFolder('rowproof-commands-');
  await source.query(`create table tbl_customer (customer_no int primary key, name text, mail text, born text);
    insert into tbl_customer values (1, ' Ana ', 'A@x.org', '1990-05-01'), (2, 'Ben', null, 'soon')`);
  await target.query(
    'create table customer (customer_no int primary key, name varchar(20) not null, mail text unique, born date)',
  );
});

afterAll(async () => {
  await source.drop();
  await target.drop();
  rmSync(folder, { recursive: true, force: true });
});

function rowproof(...args: string[]): Promise<CommandResult> {
  return runCommand(process.execPath, [binary, ...args], {
    cwd: folder,
    env: { LEGACY_URL: source.url, CRM_URL: target.url },
  });
}

function write(columns: string, more = ''): void {
  writeFileSync(
    join(folder, 'plan.yaml'),
    `version: 1
name: crm
sources: { legacy: { url: "\${LEGACY_URL}" } }
target: { url: "\${CRM_URL}" }
tables:
  public.customer:
    from: public.tbl_customer
${more}    columns:
${columns}
`,
  );
}

const sound = `      customer_no: customer_no
      name: { from: name, steps: [trim] }
      mail: { from: mail, steps: [lower] }
      born: { from: born, steps: [{ parse_date: [YYYY-MM-DD] }] }`;

async function nothingWritten(): Promise<void> {
  expect(await target.query("select nspname from pg_namespace where nspname = 'rowproof'")).toEqual([]);
  expect(await source.query("select nspname from pg_namespace where nspname = 'rowproof'")).toEqual([]);
}

test('init writes a plan that check accepts, and never overwrites one unasked', async () => {
  const first = await rowproof('init', '--name', 'first', '--source', 'LEGACY_URL', '--target', 'CRM_URL');
  expect(first).toMatchObject({ code: 0 });
  const text = readFileSync(join(folder, 'first.yaml'), 'utf8');
  expect(text).toContain('from: public.tbl_customer');
  expect(text).not.toContain(new URL(source.url).port);
  expect(await rowproof('check', 'first.yaml')).toMatchObject({ code: 0 });
  const again = await rowproof('init', '--name', 'first', '--source', 'LEGACY_URL', '--target', 'CRM_URL');
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('RP9002');
  expect(readFileSync(join(folder, 'first.yaml'), 'utf8')).toBe(text);
});

test('init refuses a url on the command line, because it would stay in the shell history', async () => {
  const result = await rowproof('init', '--name', 'x', '--source', source.url, '--target', 'CRM_URL');
  expect(result.code).toBe(2);
  expect(result.stderr).toContain('environment variable');
  expect(result.stdout + result.stderr).not.toContain(source.name);
});

test('check names every problem at once with its place in the plan, a fix and a code', async () => {
  write(`      customer_no: customer_number
      mail: { sql: "lower(no_such_function(mail))" }
      born: born
      extra: name`);
  const result = await rowproof('check', 'plan.yaml');
  expect(result.code).toBe(2);
  for (const expected of [
    'RP2002',
    'customer_number',
    'RP2005',
    '"extra"',
    'RP2044',
    'no_such_function',
    'plan.yaml:',
    'fix',
  ]) {
    expect(result.stderr + result.stdout).toContain(expected);
  }
  const json = document<{ ok: boolean; problems: { code: string; where: { line: number } | null }[] }>(
    await rowproof('check', 'plan.yaml', '--output', 'json'),
  );
  expect(json.ok).toBe(false);
  expect(json.problems.find(({ code }) => code === 'RP2005')?.where?.line).toBe(12);
  await nothingWritten();
});

test('check, plan and preview read a sound plan and write nothing', async () => {
  write(sound);
  expect(await rowproof('check', 'plan.yaml')).toMatchObject({ code: 0 });
  const plan = await rowproof('plan', 'plan.yaml', '--sql');
  expect(plan.code).toBe(0);
  for (const expected of ['ACCESS SHARE', 'What stays behind', 'Disk and time', 'SELECT'])
    expect(plan.stdout).toContain(expected);
  const preview = document<{ rows: { key: string; before: object; after: object; reasons: string[] }[] }>(
    await rowproof('preview', 'customer', '--plan', 'plan.yaml', '--limit', '5', '--output', 'json'),
  );
  expect(preview.rows).toEqual([
    {
      key: '["1"]',
      before: { customer_no: '1', name: ' Ana ', mail: 'A@x.org', born: '1990-05-01' },
      after: { customer_no: '1', name: 'Ana', mail: 'a@x.org', born: '1990-05-01' },
      reasons: [],
    },
    {
      key: '["2"]',
      before: { customer_no: '2', name: 'Ben', mail: null, born: 'soon' },
      after: { customer_no: '2', name: 'Ben', mail: null, born: null },
      reasons: ['customer.born.bad_date'],
    },
  ]);
  await nothingWritten();
});

test('preview is read-only by the server’s own word, also for a plan that would write', async () => {
  await source.query(
    "create sequence public.counter; create function public.count_up() returns text language sql as $$ select nextval('public.counter')::text $$",
  );
  write(
    `      customer_no: customer_no
      name: { sql: "public.count_up()" }`,
    '    ignore: [name, mail, born]\n',
  );
  const result = await rowproof('preview', 'customer', '--plan', 'plan.yaml');
  expect(result.code).not.toBe(0);
  expect(await source.query('select is_called from public.counter')).toEqual([{ is_called: false }]);
});

test('doctor tries the connections of a plan and says which one fails', async () => {
  write(sound);
  const result = await runCommand(process.execPath, [binary, 'doctor', 'plan.yaml', '--output', 'json'], {
    cwd: folder,
    env: { LEGACY_URL: source.url, CRM_URL: 'postgres://postgres@127.0.0.1:1/none' },
  });
  const { ok, findings } = document<{ ok: boolean; findings: { subject: string; ok: boolean }[] }>(result);
  expect(result.code).toBe(6);
  expect(ok).toBe(false);
  expect(findings.find(({ subject }) => subject === 'legacy')?.ok).toBe(true);
  expect(findings.find(({ subject }) => subject === 'target')?.ok).toBe(false);
});

test('errors explains a code, and a code that is none is refused', async () => {
  expect((await rowproof('errors', 'rp3001')).stdout).toContain('fix');
  expect(await rowproof('errors', 'RP0000')).toMatchObject({ code: 2 });
});

test('completion prints a script for each shell that names every command', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout } = await rowproof('completion', shell);
    expect(code).toBe(0);
    for (const command of ['run', 'rollback', 'quarantine']) expect(stdout).toContain(command);
  }
});

test('An unknown command or option is a usage error on stderr', async () => {
  for (const args of [['fly'], ['run'], ['check', 'plan.yaml', '--fast']]) {
    const result = await rowproof(...args);
    expect(result.code).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).not.toBe('');
  }
});

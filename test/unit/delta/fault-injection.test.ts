import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { faulty } from '../../../src/engine/fault-injection';
import { faultRuns } from '../../stress/faults';

const root = resolve(__dirname, '../../..');

/** Files of what people build, start and copy from, by path below the root, with their text. */
function filesOf(folders: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (path: string): void => {
    const full = join(root, path);
    if (statSync(full).isDirectory()) readdirSync(full).forEach((name) => walk(join(path, name)));
    else found.set(path, readFileSync(full, 'utf8'));
  };
  folders.forEach(walk);
  return found;
}

describe('fault injection', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it('needs both variables, and breaks only what is named', () => {
    process.env.ROWPROOF_FAULT = 'fence';
    expect(faulty('fence')).toBe(false);
    process.env.ROWPROOF_FAULT_INJECTION_BUILD = '1';
    expect(faulty('fence')).toBe(true);
    expect(faulty('cursor')).toBe(false);
    delete process.env.ROWPROOF_FAULT;
    expect(faulty('fence')).toBe(false);
  });

  it.each(['', '0', 'true', 'yes', ' 1', '11'])('takes %j for no', (value) => {
    process.env.ROWPROOF_FAULT = 'fence';
    process.env.ROWPROOF_FAULT_INJECTION_BUILD = value;
    expect(faulty('fence')).toBe(false);
  });

  it('is set by nothing that people build, start or copy from', () => {
    const files = filesOf([
      ...['activities', 'src', 'workflows', 'scripts', 'docker', 'examples'],
      ...['Dockerfile', 'docker-compose.yml', 'package.json'],
    ]);
    const naming = [...files].filter(([, text]) => text.includes('ROWPROOF_FAULT')).map(([path]) => path);
    expect(naming).toEqual(['src/engine/fault-injection.ts']);
  });

  it('breaks nothing that no run of the stress test has to show', () => {
    const uses = [...filesOf(['activities', 'src', 'workflows']).values()].flatMap((text) =>
      [...text.matchAll(/\bfaulty\('([a-z]+)'\)/g)].map(([, name]) => name),
    );
    expect([...new Set(uses)].sort()).toEqual([...new Set(faultRuns.map(({ fault }) => fault))].sort());
  });
});

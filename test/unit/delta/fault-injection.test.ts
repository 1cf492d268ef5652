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
  it('breaks only what is named, and nothing by itself', () => {
    expect(faulty({}, 'fence')).toBe(false);
    expect(faulty({ fault: null }, 'fence')).toBe(false);
    expect(faulty({ fault: 'fence' }, 'fence')).toBe(true);
    expect(faulty({ fault: 'fence' }, 'cursor')).toBe(false);
  });

  it('is set by nothing that people build, start or copy from: it is handed on, and read from no environment', () => {
    const files = filesOf([
      ...['activities', 'src', 'workflows', 'scripts', 'docker', 'examples'],
      ...['Dockerfile', 'docker-compose.yml', 'package.json'],
    ]);
    const sets = /\bfault: '|\bfault: [^\n]*\benv\b|(?:ROWPROOF|STRESS)_FAULT/;
    expect([...files].filter(([, text]) => sets.test(text)).map(([path]) => path)).toEqual([]);
    const inWorker = [...files].filter(
      ([path, text]) => /^src\/(worker|cli|dev)\//.test(path) && /\bfault\??:|\bFault\b/.test(text),
    );
    expect(inWorker.map(([path]) => path)).toEqual([]);
  });

  it('breaks nothing that no run of the stress test has to show', () => {
    const uses = [...filesOf(['activities', 'src', 'workflows']).values()].flatMap((text) =>
      [...text.matchAll(/\bfaulty\([\w.]+, '([a-z]+)'\)/g)].map(([, name]) => name),
    );
    expect([...new Set(uses)].sort()).toEqual([...new Set(faultRuns.map(({ fault }) => fault))].sort());
  });
});

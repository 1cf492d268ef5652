import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { sourceFiles, violations } from '../support/architecture';

const root = join(__dirname, '..', '..');

describe('the architecture', () => {
  it('has every import along the arrows, pure folders pure, no barrel, no long file, no vague name', () => {
    const files = sourceFiles(root, ['src', 'workflows', 'activities', 'test']);
    expect(files.length).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });
});

describe('the architecture test', () => {
  const breach = (path: string, text: string): string[] => violations([{ path, text: `${text}\n` }]);

  it.each([
    ['src/copy/a.ts', 'imports pg', "import { Client } from 'pg';"],
    ['activities/a.ts', 'imports pg', "import { Client } from 'pg';"],
    ['src/cli/a.ts', 'imports pg-copy-streams', "import { from } from 'pg-copy-streams';"],
    ['src/report/a.ts', 'imports node:fs', "import { readFileSync } from 'node:fs';"],
    ['src/report/a.ts', 'imports fs', "const fs = require('fs');"],
    ['workflows/a.ts', 'imports node:crypto', "import { randomUUID } from 'node:crypto';"],
    ['src/plan/a.ts', 'against the arrows (pure -> postgres)', "import { connect } from '../postgres/connect';"],
    ['src/plan/a.ts', 'against the arrows (pure -> postgres)', "import type { Session } from '../postgres/session';"],
    ['src/plan/a.ts', 'against the arrows (pure -> cli)', "export { run } from '../cli/main';\nexport const x = 1;"],
    ['src/plan/a.ts', 'against the arrows (pure -> cli)', "type A = import('../cli/main').A;"],
    ['src/postgres/a.ts', 'against the arrows (postgres -> activities)', "import { x } from '../../activities/copy';"],
    ['src/worker/a.ts', 'against the arrows (worker -> cli)', "void import('../cli/main');"],
    ['workflows/a.ts', 'against the arrows (workflows -> activities)', "import { copy } from '../activities/copy';"],
    ['src/settle/a.ts', 'uses Date.now', 'const now = Date.now();'],
    ['src/settle/a.ts', 'uses new Date()', 'const now = new Date();'],
    ['src/settle/a.ts', 'uses Math.random', 'const x = Math.random();'],
    ['src/settle/a.ts', 'uses process.env', 'const x = process.env.X;'],
    ['src/settle/index.ts', 'is a barrel', "export * from './a';"],
    ['src/settle/string-utils.ts', 'has a name that says nothing', 'export const x = 1;'],
    ['src/settle/a.ts', 'has 401 lines', 'const x = 1;\n'.repeat(400)],
    ['src/elsewhere/a.ts', 'is in no layer', 'const x = 1;'],
    ['src/engine/copy/a.ts', 'imports @temporalio/activity', "import { Context } from '@temporalio/activity';"],
    ['src/engine/copy/a.ts', 'arrows of the engine (copy -> proof)', "import { x } from '../proof/b';"],
    ['src/engine/a.ts', 'arrows of the engine (host -> copy)', "import type { X } from './copy/b';"],
    [
      'src/engine/copy/a.ts',
      'against the arrows (engine -> activities)',
      "import { x } from '../../../activities/copy';",
    ],
  ])('fails for %s: %s', (path, what, text) => {
    expect(breach(path, text)).toEqual([expect.stringContaining(what)]);
  });

  it('fails for a circle between files, also of types', () => {
    const files = [
      { path: 'src/plan/a.ts', text: "import type { B } from './b';\n" },
      { path: 'src/plan/b.ts', text: "import { a } from './a';\n" },
    ];
    expect(violations(files)).toEqual(['src/plan/a.ts: imports itself through src/plan/b.ts']);
  });

  it('fails for a folder with more files than one can take in', () => {
    const files = Array.from({ length: 26 }, (_, n) => ({ path: `src/plan/f${n}.ts`, text: 'export const x = 1;\n' }));
    expect(violations(files)).toEqual(['src/plan: holds 26 files, more than 25']);
  });

  it.each([
    ['workflows/a.ts', "import type { CopyActivities } from '../activities/copy';"],
    ['workflows/index.ts', "export { migration } from './migration';"],
    ['src/settle/a.ts', 'const then = new Date(0);'],
    ['src/postgres/a.ts', "import { Client } from 'pg';"],
    ['src/cli/a.ts', "import { devUp } from '../dev/environment';"],
  ])('lets %s with %s pass', (path, text) => {
    expect(breach(path, text)).toEqual([]);
  });
});

describe('the zones of eslint', () => {
  // jest cannot load a configuration that is a module
  const script = `
    import { ESLint } from 'eslint';
    const eslint = new ESLint();
    const rule = '@typescript-eslint/no-restricted-imports';
    for (const path of process.argv.slice(1))
      console.log(JSON.stringify((await eslint.calculateConfigForFile(path)).rules[rule]));
  `;

  it('are made from the arrows that this test has', () => {
    const expected: readonly (readonly [path: string, pattern: string])[] = [
      ['src/copy/batch-size.ts', '**/postgres/**'],
      ['src/delta/apply-sql.ts', '**/postgres/**'],
      ['src/engine/copy/copy-batch.ts', '../proof/**'],
      ['src/engine/proof/live/align-next.ts', '../../cutover/**'],
      ['src/engine/proof/live/align-next.ts', '@temporalio/*'],
      ['workflows/migration.ts', '"allowTypeImports":true'],
    ];
    const paths = expected.map(([path]) => path);
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script, ...paths], {
      cwd: root,
      encoding: 'utf8',
    });
    const zones = printed.trim().split('\n');
    for (const [index, [path, pattern]] of expected.entries()) expect(`${path} ${zones[index]}`).toContain(pattern);
  });
});

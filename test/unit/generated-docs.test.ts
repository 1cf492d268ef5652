import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeProgram } from '../../src/cli/screen/describe-program';
import { exitCodes } from '../../src/cli/exit-codes';
import { createProgram } from '../../src/cli/program';
import { catalogue } from '../../src/errors/catalogue';
import type { CatalogueEntry } from '../../src/errors/entry';

const root = join(__dirname, '..', '..');

/** Without the defaults that this machine's environment sets. */
function page(): string {
  const queue = process.env['ROWPROOF_TASK_QUEUE'];
  delete process.env['ROWPROOF_TASK_QUEUE'];
  try {
    return describeProgram(createProgram(() => Promise.resolve()));
  } finally {
    if (queue !== undefined) process.env['ROWPROOF_TASK_QUEUE'] = queue;
  }
}

describe('docs/cli.md', () => {
  it('is what the program says of itself (else run `npm run docs`)', () => {
    expect(readFileSync(join(root, 'docs', 'cli.md'), 'utf8')).toBe(page());
  });

  it('has every command that the product promises', () => {
    const promised =
      'init check plan preview run status watch pause resume approve decide abort rollback finish quarantine report worker demo doctor errors';
    for (const command of [...promised.split(' '), 'dev up', 'dev down', 'dev status', 'completion'])
      expect(page()).toContain(`\n### rowproof ${command}\n`);
  });

  it('explains every exit code that an error of the catalogue ends with', () => {
    const explained = Object.values(exitCodes).map(({ code }) => Number(code));
    for (const [code, entry] of Object.entries(catalogue as Record<string, CatalogueEntry>))
      expect([code, explained.includes(entry.exit)]).toEqual([code, true]);
  });
});

describe('links between the pages', () => {
  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'examples/chinook/README.md'],
    ...['architecture', 'cli', 'correctness', 'dependencies', 'development', 'errors', 'operations', 'plan', 'security']
      .concat('transforms', 'validation', 'adr/README')
      .map((name) => `docs/${name}.md`),
  ];

  it.each(pages)('of %s lead to files that exist', (name) => {
    const text = readFileSync(join(root, name), 'utf8').replace(/```[\s\S]*?```/g, '');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link as string);
    const broken = links.filter((link) => {
      try {
        readFileSync(join(root, name, '..', link));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code !== 'EISDIR';
      }
    });
    expect(broken).toEqual([]);
  });
});

import { join, relative } from 'node:path';
import { catalogue } from '../../../src/errors/catalogue';
import type { CatalogueEntry } from '../../../src/errors/entry';
import * as commands from '../../../src/progress/commands';
import {
  commandsOfPage,
  commandsOfSource,
  filesUnder,
  textOf,
  usageError,
  wordsOf,
} from '../../support/printed/command-lines';

const root = join(__dirname, '..', '..', '..');

/** Usage errors of command lines, by the line. */
async function refused(lines: readonly string[]): Promise<string[]> {
  const errors = await Promise.all(
    [...new Set(lines)].map(async (line) => {
      const error = await usageError(wordsOf(line));
      return error === null ? [] : [`${line}: ${error}`];
    }),
  );
  return errors.flat();
}

const pages = ['README.md', ...filesUnder(join(root, 'docs'), '.md'), ...filesUnder(join(root, 'examples'), '.md')].map(
  (file) => (file === 'README.md' ? join(root, file) : file),
);
// the usage of each command is no command line, and is written by the parser itself
const written = pages.filter((file) => !file.endsWith('cli.md'));

test.each(written.map((file) => [relative(root, file), file]))(
  'Every command in %s is one that the command line takes',
  async (_, file) => {
    expect(await refused(commandsOfPage(textOf(file)))).toEqual([]);
  },
);

test('Pages print commands at all', () => {
  expect(written.flatMap((file) => commandsOfPage(textOf(file))).length).toBeGreaterThan(40);
  expect(commandsOfPage('a `rowproof run` and `rowproof abort\n  RUN`\n```\nrowproof finish # over\n```\n')).toEqual([
    'rowproof abort RUN',
    'rowproof finish # over',
  ]);
});

test('A command that lacks who signs it, or has an option that there is not, is found', async () => {
  expect(await refused(['rowproof abort RUN --then rollback', 'rowproof run PLAN --nonsense'])).toEqual([
    expect.stringContaining('--by'),
    expect.stringContaining('--nonsense'),
  ]);
});

test('Every command of the error catalogue is one that the command line takes', async () => {
  const lines = Object.values(catalogue as Record<string, CatalogueEntry>).flatMap(({ why, fix }) =>
    commandsOfSource(`${why} ${fix}`),
  );
  expect(lines.length).toBeGreaterThan(15);
  expect(await refused(lines)).toEqual([]);
});

test('Every command that a message prints between backticks is one that the command line takes', async () => {
  // commands.ts is tried below, with what it is called with
  const files = [...filesUnder(join(root, 'src'), '.ts'), ...filesUnder(join(root, 'workflows'), '.ts')].filter(
    (file) => !file.endsWith(join('progress', 'commands.ts')),
  );
  const lines = files.flatMap((file) => commandsOfSource(textOf(file)));
  expect(lines.length).toBeGreaterThan(20);
  expect(await refused(lines)).toEqual([]);
});

test('Every command that screens are composed of is one that the command line takes', async () => {
  const { quoted: _quoted, ...made } = commands;
  const lines = Object.entries(made).map(([name, make]) => {
    const last = name === 'decide' ? [7] : [];
    return (make as (...words: unknown[]) => string)(
      ...['crm-1', 'orders:91', 'accept'].slice(0, make.length),
      ...last,
    );
  });
  const terms = { max_freeze: '8s', books: 'aligned' } as const;
  lines.push(commands.cutOver('crm-1', '7f3a-91c2', terms), commands.drill('crm-1', terms));
  expect(await refused(lines)).toEqual([]);
});

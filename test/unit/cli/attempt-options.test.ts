import { createProgram } from '../../../src/cli/program';

const person = ['--by', 'ben', '--reason', 'why'];

/** What the real program reads from these words. */
function read(name: string, ...words: string[]): unknown {
  const command = createProgram(() => Promise.resolve()).commands.find((one) => one.name() === name);
  command?.parseOptions([...words, ...person]);
  return command?.opts();
}

test.each([
  ['approve', ['cutover', '--code', '7f3a-91c2']],
  ['cutover', ['crm-3', '--code', '7f3a-91c2']],
  ['cutover', ['crm-3', '--drill']],
])('%s %j takes settings for one attempt at the cutover', (name, words) => {
  const terms = { maxFreeze: '8s', books: 'aligned' };
  expect(read(name, ...words, '--max-freeze', '8s', '--books', 'aligned')).toMatchObject({ by: 'ben', ...terms });
  expect(read(name, ...words)).not.toHaveProperty('maxFreeze');
});

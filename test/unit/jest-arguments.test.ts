import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const script = join(__dirname, '../../scripts/jest-arguments.mjs');
const read = `import(process.argv[1]).then(({ pathsFirst }) =>
  console.log(JSON.stringify(pathsFirst(JSON.parse(process.argv[2]), ['unit', 'end-to-end']))))`;

test('npm test hands jest what it was given, a path never as the name of a project', () => {
  const given = (...args: string[]): unknown =>
    JSON.parse(execFileSync(process.execPath, ['-e', read, script, JSON.stringify(args)], { encoding: 'utf8' }));
  expect(given('test/database/copy/')).toEqual(['test/database/copy/']);
  expect(given('--selectProjects', 'unit', 'end-to-end', 'test/unit/plan', '-t', 'a title')).toEqual(
    // prettier-ignore
    ['test/unit/plan', '--selectProjects', 'unit', 'end-to-end', '-t', 'a title'],
  );
  expect(given('test/a', '--ignoreProjects', 'unit', 'b')).toEqual(['b', 'test/a', '--ignoreProjects', 'unit']);
  expect(given('--selectProjects=unit', 'test/b')).toEqual(['test/b', '--selectProjects=unit']);
});

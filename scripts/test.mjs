import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureModules, root, runTool, say } from './bootstrap.mjs';
import { pathsFirst } from './jest-arguments.mjs';

const checks = [
  ['types', 'typescript/bin/tsc', ['--noEmit']],
  ['lint', 'eslint/bin/eslint.js', ['.']],
  ['unused code', 'knip/bin/knip.js', []],
  ['format', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']],
];

await ensureModules();
let failedChecks = 0;
// Arguments are for jest (`npm test -- --selectProjects unit`); somebody who asks for a part wants no checks of all.
const { projects } = createRequire(import.meta.url)(join(root, 'jest.config.js'));
const names = projects.map(({ displayName }) => displayName);
const wanted = pathsFirst(process.argv.slice(2), names);
if (wanted.length === 0) {
  for (const [name, script, args] of checks) {
    say(`Checking ${name}.`);
    if ((await runTool(script, args)) !== 0) {
      failedChecks += 1;
      say(`The ${name} check failed.`);
    }
  }
}
// The tests run the real program and the real workflow bundle.
if (!(await build())) failedChecks += 1;
say('Running the tests (jest); PostgreSQL and Temporal are found or fetched when they are needed.');
const folder = mkdtempSync(join(tmpdir(), 'rowproof-results-'));
const results = join(folder, 'results.json');
const code = await runTool('jest/bin/jest.js', [...wanted, '--json', `--outputFile=${results}`, '--passWithNoTests']);
const { passed, failed, skipped } = count(results);
rmSync(folder, { recursive: true, force: true });
if (failedChecks > 0) say(`${failedChecks} checks failed before the tests and count as failed below.`);
const allFailed = failed + failedChecks;
process.exitCode = code === 0 && allFailed === 0 ? 0 : 1;
// Jest may have failed without a failed test, for example in its global setup.
const shownFailed = process.exitCode === 1 ? Math.max(1, allFailed) : 0;
process.stdout.write(`${passed} passed, ${shownFailed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);

/** A test file that could not run at all counts as one failed test. */
function count(file) {
  try {
    const json = JSON.parse(readFileSync(file, 'utf8'));
    return {
      passed: json.numPassedTests,
      failed: json.numFailedTests + json.numRuntimeErrorTestSuites,
      skipped: json.numPendingTests + json.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

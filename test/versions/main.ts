import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { embeddedPostgres } from '../../src/dev/embedded-postgres';
import type { ServerBinaries } from '../../src/dev/find-postgres';
import { openStateFolder, stateFolder } from '../../src/dev/state-folder';
import { clusterOwner } from '../../src/dev/unprivileged-user';
import { embeddedVersions } from '../support/postgres/embedded-versions';
import { openFolder } from '../support/open-folder';

/** What depends on the server: catalogs, capture, rounds, proof, cutover and rollback, and one run from the command line. */
const sets = [
  [
    'database',
    'database/(capture|capture-logical|copy|cutover|delta|delta-apply|discovery|live-proof|postgres|rollback|settle|validate|prepare)',
  ],
  ['end-to-end', 'end-to-end/hybrid'],
] as const;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly names: readonly string[];
}

/** `npm run test:versions [-- MAJOR …]`: fetches servers of other versions once, and runs the tests that depend on the server on each. */
async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.filter((major) => embeddedVersions[major] === undefined);
  if (unknown.length > 0) {
    say(`Versions that can be fetched: ${Object.keys(embeddedVersions).join(', ')}; not ${unknown.join(', ')}.`);
    return 2;
  }
  const majors = wanted.length > 0 ? wanted : Object.keys(embeddedVersions);
  openStateFolder(stateFolder());
  const lines: string[] = [];
  let failures = 0;
  for (const major of majors) {
    const binaries = await embeddedPostgres(stateFolder(), clusterOwner(), say, embeddedVersions[major]);
    say(`Testing on PostgreSQL ${binaries.version}.`);
    for (const [project, pattern] of sets) {
      const { passed, failed, names } = await jest(binaries, project, pattern);
      failures += failed;
      lines.push(
        `${binaries.version} ${project}: ${passed} passed, ${failed} failed`,
        ...names.map((one) => `  ${one}`),
      );
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return failures === 0 ? 0 : 1;
}

/** The first server on PATH is the one that every cluster of the tests is made with. */
async function jest(binaries: ServerBinaries, project: string, pattern: string): Promise<Outcome> {
  const { ROWPROOF_TEST_SERVER: _, ...env } = process.env;
  const folder = openFolder('rowproof-versions-');
  const results = join(folder, 'results.json');
  const program = resolve(__dirname, '../../node_modules/jest/bin/jest.js');
  const args = ['--selectProjects', project, '--testPathPatterns', pattern, '--json', `--outputFile=${results}`];
  const child = spawn(process.execPath, [program, ...args], {
    cwd: resolve(__dirname, '../..'),
    env: { ...env, PATH: `${binaries.folder}${delimiter}${env['PATH'] ?? ''}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
  try {
    const json = JSON.parse(readFileSync(results, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
      numRuntimeErrorTestSuites: number;
      testResults: { name: string; assertionResults: { status: string; fullName: string }[] }[];
    };
    const failed = json.numFailedTests + json.numRuntimeErrorTestSuites;
    return {
      passed: json.numPassedTests,
      failed: code === 0 ? failed : Math.max(1, failed),
      names: json.testResults.flatMap(({ assertionResults }) =>
        assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
      ),
    };
  } catch {
    return { passed: 0, failed: 1, names: [`jest ended with ${code} and left no results`] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    process.exitCode = 1;
  },
);

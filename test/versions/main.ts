import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { embeddedPostgres } from '../../src/dev/embedded-postgres';
import type { ServerBinaries } from '../../src/dev/find-postgres';
import { openStateFolder, stateFolder } from '../../src/dev/state-folder';
import { clusterOwner } from '../../src/dev/unprivileged-user';
import { embeddedVersions } from '../support/postgres/embedded-versions';
import { openFolder } from '../support/open-folder';

/** What depends on the server: catalogs, types, capture, rounds, proof, cutover, both ways back, and one run from the command line. */
const parts = [
  'application',
  'capture',
  'capture-logical',
  'copy',
  'cutover',
  'delta',
  'delta-apply',
  'discovery',
  'live-proof',
  'postgres',
  'prepare',
  'published',
  'refused',
  'rollback',
  'settle',
  'shapes',
  'types',
  'validate',
  'way-back',
] as const;

type Sets = readonly (readonly [project: string, pattern: string])[];

/** All of it, or only the parts that are named. */
function setsOf(named: readonly string[]): Sets {
  const database = (some: readonly string[]): Sets[number] => ['database', `test/database/(${some.join('|')})`];
  return named.length > 0 ? [database(named)] : [database(parts), ['end-to-end', 'end-to-end/hybrid']];
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly names: readonly string[];
}

/** `npm run test:versions [-- MAJOR … PART …]`: fetches servers of other versions once, and runs the tests that depend on the server on each. */
async function main(wanted: readonly string[]): Promise<number> {
  const named = parts.filter((part) => wanted.includes(part));
  const versions = wanted.filter((word) => !named.some((part) => part === word));
  const unknown = versions.filter((major) => embeddedVersions[major] === undefined);
  if (unknown.length > 0) {
    say(
      `Versions that can be fetched: ${Object.keys(embeddedVersions).join(', ')}; parts: ${parts.join(', ')}. Not ${unknown.join(', ')}.`,
    );
    return 2;
  }
  const majors = versions.length > 0 ? versions : Object.keys(embeddedVersions);
  openStateFolder(stateFolder());
  const lines: string[] = [];
  let failures = 0;
  for (const major of majors) {
    const binaries = await embeddedPostgres(stateFolder(), clusterOwner(), say, embeddedVersions[major]);
    say(`Testing on PostgreSQL ${binaries.version}.`);
    for (const [project, pattern] of setsOf(named)) {
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

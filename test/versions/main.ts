import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { embeddedPostgres } from '../../src/dev/embedded-postgres';
import { openStateFolder, stateFolder } from '../../src/dev/state-folder';
import { clusterOwner } from '../../src/dev/unprivileged-user';
import { embeddedVersions } from '../support/postgres/embedded-versions';
import { openFolder } from '../support/open-folder';
import { nodeFolder, nodeMajors, versionOf } from './node-versions';

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

/** What depends on Node: everything that needs no server, and one run from the command line. */
const ofNode = [
  ['unit', 'unit/'],
  ['end-to-end', 'end-to-end/main-path'],
] as const;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly names: readonly string[];
}

/**
 * `npm run test:versions [-- MAJOR … nodeMAJOR … PART …]`: fetches servers and Nodes of other versions once, and runs on each the tests that
 * depend on it; with parts only these.
 */
async function main(wanted: readonly string[]): Promise<number> {
  const named = parts.filter((part) => wanted.includes(part));
  const versions = wanted.filter((word) => !named.some((part) => part === word));
  const known = [...Object.keys(embeddedVersions), ...nodeMajors.map((major) => `node${major}`)];
  const unknown = versions.filter((one) => !known.includes(one));
  if (unknown.length > 0) {
    say(`Versions that can be fetched: ${known.join(', ')}; parts: ${parts.join(', ')}. Not ${unknown.join(', ')}.`);
    return 2;
  }
  const chosen = versions.length > 0 ? versions : known;
  openStateFolder(stateFolder());
  const lines: string[] = [];
  let failures = 0;
  for (const one of chosen) {
    const { title, folder, node, sets } = await provide(one, setsOf(named));
    say(`Testing on ${title}.`);
    for (const [project, pattern] of sets) {
      const { passed, failed, names } = await jest(folder, node, project, pattern);
      failures += failed;
      lines.push(`${title} ${project}: ${passed} passed, ${failed} failed`, ...names.map((name) => `  ${name}`));
    }
  }
  process.stdout.write(`${lines.join('\n')}\n`);
  return failures === 0 ? 0 : 1;
}

interface Provided {
  readonly title: string;
  /** Goes first on PATH. */
  readonly folder: string;
  /** The program that jest runs in. */
  readonly node: string;
  readonly sets: Sets;
}

async function provide(wanted: string, ofServer: Sets): Promise<Provided> {
  if (wanted.startsWith('node')) {
    const folder = nodeFolder(wanted.slice('node'.length), stateFolder());
    return { title: `Node ${versionOf(folder)}`, folder, node: join(folder, 'node'), sets: ofNode };
  }
  const { folder, version } = await embeddedPostgres(stateFolder(), clusterOwner(), say, embeddedVersions[wanted]);
  return { title: `PostgreSQL ${version}`, folder, node: process.execPath, sets: ofServer };
}

/** The first server on PATH is the one that every cluster of the tests is made with. */
async function jest(first: string, node: string, project: string, pattern: string): Promise<Outcome> {
  const { ROWPROOF_TEST_SERVER: _, ...env } = process.env;
  const folder = openFolder('rowproof-versions-');
  const results = join(folder, 'results.json');
  const program = resolve(__dirname, '../../node_modules/jest/bin/jest.js');
  const args = ['--selectProjects', project, '--testPathPatterns', pattern, '--json', `--outputFile=${results}`];
  const child = spawn(node, [program, ...args], {
    cwd: resolve(__dirname, '../..'),
    env: { ...env, PATH: `${first}${delimiter}${env['PATH'] ?? ''}` },
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

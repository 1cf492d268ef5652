import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runProgram } from './run-program';
import type { Owner } from './unprivileged-user';
import { serverEnvironment } from './server-environment';

/** A folder with `postgres` and `initdb` that the owner of the cluster can run. */
export interface ServerBinaries {
  readonly folder: string;
  readonly major: number;
  /** As the server says it, e.g. `15.14`. */
  readonly version: string;
}

const oldest = 13;

/** Folders whose children are versions, as distributions and installers lay them out. */
const versioned: readonly (readonly [string, RegExp, string])[] = [
  ['/usr/lib/postgresql', /^\d/, 'bin'],
  ['/usr', /^pgsql-\d/, 'bin'],
  ['/opt/homebrew/opt', /^postgresql(@\d+)?$/, 'bin'],
  ['/usr/local/opt', /^postgresql(@\d+)?$/, 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', /^\d/, 'bin'],
];

function versionedFolders(): string[] {
  return versioned.flatMap(([parent, pattern, bin]) => {
    if (!existsSync(parent)) return [];
    const names = readdirSync(parent).filter((name) => pattern.test(name));
    const order = (name: string): number => Number(/\d+(\.\d+)?/.exec(name)?.[0] ?? 0);
    return names.sort((a, b) => order(b) - order(a)).map((name) => join(parent, name, bin));
  });
}

/** Every usable set of server binaries on this machine: PATH first, then pg_config, then versioned folders, newest first. */
export async function findPostgres(
  owner: Owner | null,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<ServerBinaries[]> {
  const config = await runProgram('pg_config', ['--bindir'], { env: environment });
  const folders = [
    ...(environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== ''),
    ...(config.code === 0 ? [config.stdout.trim()] : []),
    ...versionedFolders(),
  ];
  const found: ServerBinaries[] = [];
  for (const folder of new Set(folders)) {
    const binaries = await inspectBinaries(folder, owner);
    if (binaries !== null) found.push(binaries);
  }
  return found;
}

/** Null unless the folder holds both programs, new enough, and `owner` can run them. */
export async function inspectBinaries(folder: string, owner: Owner | null): Promise<ServerBinaries | null> {
  const server = join(folder, 'postgres');
  if (!existsSync(server) || !existsSync(join(folder, 'initdb'))) return null;
  const { code, stdout } = await runProgram(server, ['--version'], { owner, cwd: '/', env: serverEnvironment() });
  const version = /\(PostgreSQL\) (\d+)([.\w]*)/.exec(stdout);
  if (code !== 0 || version === null || Number(version[1]) < oldest) return null;
  return { folder, major: Number(version[1]), version: `${version[1]}${version[2]}` };
}

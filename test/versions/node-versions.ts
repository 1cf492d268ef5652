import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Majors of Node beside the one that runs this. */
export const nodeMajors = ['22', '24'] as const;

/** The folder of a Node of that major, fetched once through npm, which has a package of it for each platform. */
export function nodeFolder(major: string, folder: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  const home = join(folder, `node-${major}`);
  const found = join(home, 'node_modules', name, 'bin');
  if (!existsSync(join(found, 'node'))) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `${name}@${major}`], {
      cwd: home,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return found;
}

export function versionOf(folder: string): string {
  return execFileSync(join(folder, 'node'), ['--version'], { encoding: 'utf8' }).trim().slice(1);
}

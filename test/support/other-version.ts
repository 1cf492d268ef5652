import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { buildIdOf } from '../../src/contract/build-id';
import { binary } from './workbench';

const built = resolve(dirname(binary), '..', '..');

export interface BuiltVersion {
  readonly binary: string;
  /** Its build id. */
  readonly build: string;
  remove(): void;
}

/** The product as it is built, but for the order of its workflows: a release that changed them. `engine`: the version it says of itself. */
export function otherVersion(engine: string | null = null): BuiltVersion {
  const folder = mkdtempSync(join(dirname(built), 'dist-next-'));
  cpSync(built, folder, { recursive: true });
  const bundle = join(folder, 'workflow-bundle.js');
  const step = 'await control.startPhase({ ref: run.ref, phase: name });';
  replace(bundle, step, `${step} ${step}`);
  if (engine !== null) replace(join(folder, versionFile), `'${engineOf(built)}'`, `'${engine}'`);
  return {
    binary: join(folder, 'src', 'cli', 'main.js'),
    build: buildOf(folder),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The build id of the product as it is built. */
export function thisBuild(): string {
  return buildOf(built);
}

const versionFile = join('src', 'contract', 'version.js');

function buildOf(folder: string): string {
  const bundle = readFileSync(join(folder, 'workflow-bundle.js'));
  return buildIdOf(engineOf(folder), createHash('sha256').update(bundle).digest('hex'));
}

function engineOf(folder: string): string {
  return /engineVersion = '([^']+)'/.exec(readFileSync(join(folder, versionFile), 'utf8'))?.[1] ?? '';
}

function replace(file: string, text: string, by: string): void {
  const before = readFileSync(file, 'utf8');
  const after = before.replaceAll(text, by);
  if (after === before) throw new Error(`${file} has no ${text}`);
  writeFileSync(file, after);
}

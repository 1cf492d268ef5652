import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { RunRef } from '../../src/contract/run';

export interface MigratedApart {
  readonly green: boolean;
  readonly problems: readonly unknown[];
  /** The most memory that the process had resident, in bytes. */
  readonly peak: number;
}

/** Discovers, copies and proves one mapping of a run in a process of its own, which says how much memory that took. */
export async function migrateApart(
  ref: RunRef,
  mapping: string,
  urls: { readonly source: string; readonly target: string },
): Promise<MigratedApart> {
  const root = join(__dirname, '..', '..');
  const hook = join(root, 'scripts', 'typescript-hook.cjs');
  const child = spawn(process.execPath, ['--require', hook, join(__dirname, 'migrate-and-measure.ts')], {
    env: {
      ...process.env,
      SOURCE_URL: urls.source,
      TARGET_URL: urls.target,
      RUN: JSON.stringify(ref),
      MAPPING: mapping,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answer = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (answer += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`the process that migrates ended with ${code}`);
  return JSON.parse(answer) as MigratedApart;
}

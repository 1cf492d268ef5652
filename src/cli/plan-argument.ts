import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { PlanFile } from '../../activities/plans-folder';
import { fail } from '../errors/rowproof-error';

/** Reads the plan file an argument names: a YAML file, or a folder with plan.yaml. RP1001 when there is none. */
export function planArgument(cwd: string, argument: string): PlanFile & { readonly folder: string } {
  const path = resolve(cwd, argument);
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'plan.yaml') : path;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw fail('RP1001', `There is no plan file ${argument}.`, { where: { file: argument } });
  }
  return { name: argument, file, text, folder: dirname(file) };
}

import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { PlanFile } from '../engine/plans-folder';
import { fail } from '../errors/rowproof-error';

export type PlanArgument = PlanFile & { readonly folder: string };

/** Whether an argument names a run, such as crm-3, and no file or folder of that name is there. */
export function isRunName(cwd: string, argument: string): boolean {
  return /^[A-Za-z0-9_.-]+-\d+$/.test(argument) && !existsSync(resolve(cwd, argument));
}

/** Reads the plan file an argument names: a YAML file, or a folder with plan.yaml. RP1001 when there is none. */
export function planArgument(cwd: string, argument: string): PlanArgument {
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

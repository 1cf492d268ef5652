import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail } from '../errors/rowproof-error';

export interface PlanFile {
  readonly name: string;
  readonly file: string;
  readonly text: string;
}

/** The plans a worker knows by name: `NAME.yaml`, or any YAML file of the folder (or one level below) that says `name: NAME`. */
export interface PlansFolder {
  find(name: string): Promise<PlanFile>;
  list(): Promise<readonly string[]>;
  /** Names of the environment variables that its plans, or the one of that name, refer to. */
  variables(plan?: string): Promise<readonly string[]>;
}

const planName = /^name:\s*["']?([A-Za-z0-9_.-]+)["']?\s*(?:#.*)?$/m;

export function plansFolder(folder: string | null): PlansFolder {
  async function all(): Promise<PlanFile[]> {
    if (folder === null) return [];
    const files = await yamlFiles(folder);
    const plans: PlanFile[] = [];
    for (const file of files) {
      const text = await readFile(file, 'utf8');
      if (!/^version:/m.test(text) || !/^tables:/m.test(text)) continue;
      plans.push({ name: planName.exec(text)?.[1] ?? nameOfFile(file), file, text });
    }
    return plans;
  }
  return {
    list: async () => [...new Set((await all()).map((plan) => plan.name))].sort(),
    variables: async (plan) => {
      const texts = (await all()).filter(({ name }) => plan === undefined || name === plan).map(({ text }) => text);
      const named = texts.flatMap((text) =>
        [...text.matchAll(/\$\{([A-Za-z_]\w*)\}/g)].map(([, name]) => name as string),
      );
      return [...new Set(named)];
    },
    find: async (name) => {
      const plans = await all();
      const found = plans.find((plan) => plan.name === name) ?? plans.find((plan) => nameOfFile(plan.file) === name);
      if (found !== undefined) return found;
      const known = [...new Set(plans.map((plan) => plan.name))].sort();
      throw fail('RP4201', `This worker has no plan named ${name}.`, {
        why: known.length === 0 ? 'Its plans folder holds no plan.' : `Its plans folder holds: ${known.join(', ')}.`,
      });
    },
  };
}

function nameOfFile(file: string): string {
  const name = basename(file).replace(/\.ya?ml$/, '');
  return name === 'plan' ? basename(dirname(file)) : name;
}

async function yamlFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile() && /\.ya?ml$/.test(entry.name)) files.push(path);
    if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') {
      const below = await readdir(path, { withFileTypes: true }).catch(() => []);
      files.push(
        ...below.filter((file) => file.isFile() && /\.ya?ml$/.test(file.name)).map((file) => join(path, file.name)),
      );
    }
  }
  return files.sort();
}

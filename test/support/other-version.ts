import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { binary } from './workbench';

/** The product as it is built, but for the order of its workflows: a release that changed them. */
export function otherVersion(): { readonly binary: string; remove(): void } {
  const built = resolve(dirname(binary), '..', '..');
  const folder = mkdtempSync(join(dirname(built), 'dist-next-'));
  cpSync(built, folder, { recursive: true });
  const bundle = join(folder, 'workflow-bundle.js');
  const code = readFileSync(bundle, 'utf8');
  const step = 'await control.startPhase(run.ref, name);';
  writeFileSync(bundle, code.replaceAll(step, `${step} ${step}`));
  return {
    binary: join(folder, 'src', 'cli', 'main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessRecord } from './server-process';

/** What one start leaves for the next: ports are kept, so that links and urls stay valid. */
export interface StateFile {
  readonly postgres?: { readonly port: number; readonly cluster: string; readonly process: ProcessRecord };
  readonly temporal?: { readonly port: number; readonly uiPort: number; readonly process: ProcessRecord };
}

const name = 'environment.json';

/** An unreadable or missing file counts as a first start. */
export function readState(state: string): StateFile {
  try {
    return JSON.parse(readFileSync(join(state, name), 'utf8')) as StateFile;
  } catch {
    return {};
  }
}

export function writeState(state: string, content: StateFile): void {
  const draft = join(state, `${name}.draft`);
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, join(state, name));
}

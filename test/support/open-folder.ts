import { chmodSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A new temporary folder that another user can enter too: as root the server runs as somebody else. */
export function openFolder(prefix: string): string {
  const parent = [tmpdir(), '/var/tmp'].find(isOpen) ?? tmpdir();
  const folder = mkdtempSync(join(parent, prefix));
  chmodSync(folder, 0o755);
  return folder;
}

function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o001) !== 0 && (dirname(path) === path || isOpen(dirname(path)));
}

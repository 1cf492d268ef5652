import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, say } from './bootstrap.mjs';

// Part of a release: what Temporal recorded of it is replayed by every version after it.
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const kept = join(root, 'test', 'replay', 'releases', version);
if (existsSync(kept)) {
  say(`The histories of ${version} are kept already; what was released does not change.`);
  process.exitCode = 1;
} else {
  cpSync(join(root, 'test', 'replay', 'histories'), kept, { recursive: true });
  say(`Kept the histories of ${version}.`);
}

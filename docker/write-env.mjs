import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Passwords for docker-compose.yml. Only letters and digits: they become part of urls.
const file = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..', '.env');
const names = [
  'TEMPORAL_DB_PASSWORD',
  'SOURCE_ADMIN_PASSWORD',
  'SOURCE_PASSWORD',
  'TARGET_ADMIN_PASSWORD',
  'TARGET_PASSWORD',
];
if (existsSync(file)) {
  process.stderr.write(`${file} exists and stays as it is.\n`);
} else {
  const lines = names.map((name) => `${name}=${randomBytes(24).toString('hex')}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  process.stderr.write(`Wrote ${names.length} random passwords to ${file}.\n`);
}

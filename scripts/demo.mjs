import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureModules, root, run } from './bootstrap.mjs';

// `npm run demo -- --output json` must leave stdout to the demo: everything here talks to stderr.
await ensureModules();
const main = join(root, 'dist', 'src', 'cli', 'main.js');
process.exitCode = (await build())
  ? await run(process.execPath, [main, 'demo', ...process.argv.slice(2)], { stdout: true })
  : 1;

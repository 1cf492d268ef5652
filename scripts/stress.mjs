import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureModules, root, run } from './bootstrap.mjs';

// ROWPROOF_TEST_BINARY names another build to put under stress.
await ensureModules();
const ready = process.env.ROWPROOF_TEST_BINARY !== undefined || (await build());
const hook = ['--enable-source-maps', '--require', join(root, 'scripts', 'typescript-hook.cjs')];
process.exitCode = ready
  ? await run(process.execPath, [...hook, join(root, 'test', 'stress', 'main.ts'), ...process.argv.slice(2)], {
      stdout: true,
    })
  : 1;

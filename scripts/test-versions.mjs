import { join } from 'node:path';
import { build } from './build.mjs';
import { ensureModules, root, run } from './bootstrap.mjs';

await ensureModules();
const hook = ['--enable-source-maps', '--require', join(root, 'scripts', 'typescript-hook.cjs')];
process.exitCode = (await build())
  ? await run(process.execPath, [...hook, join(root, 'test', 'versions', 'main.ts'), ...process.argv.slice(2)], {
      stdout: true,
    })
  : 1;

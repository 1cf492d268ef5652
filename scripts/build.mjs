import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureModules, root, runTool, say } from './bootstrap.mjs';

const dist = join(root, 'dist');
// Two builds at the same time do not write into each other.
const next = join(root, `dist-next-${process.pid}`);
const stamp = 'inputs.sha256';
const folders = ['src', 'workflows', 'activities'];
const settings = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];

/** Compiles to dist/ and bundles the workflows, unless nothing changed. False when it failed; the old build then stays in place. */
export async function build() {
  const inputs = fingerprint();
  if (existsSync(join(dist, stamp)) && readFileSync(join(dist, stamp), 'utf8') === inputs) return true;
  say('Building dist/ (TypeScript, then the workflow bundle).');
  const compiled = await runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--outDir', next]);
  if (compiled !== 0) {
    rmSync(next, { recursive: true, force: true });
    say('The build failed; the compiler says where above.');
    return false;
  }
  await bundleWorkflows();
  const main = join(next, 'src', 'cli', 'main.js');
  if (existsSync(main)) chmodSync(main, 0o755);
  writeFileSync(join(next, stamp), inputs);
  rmSync(dist, { recursive: true, force: true });
  renameSync(next, dist);
  return true;
}

/**
 * Workers load this file: no webpack at their start, and every worker of a fleet runs the same workflow code. Its digest is part of the
 * build id, so it must not say where or when it was built. Without zod's translations of messages and without copies of the sources.
 * One more for workers with a payload codec, which also encodes failures.
 */
async function bundleWorkflows() {
  const workflowsPath = join(next, 'workflows', 'index.js');
  if (!existsSync(workflowsPath)) return;
  const { bundleWorkflowCode } = createRequire(join(root, 'package.json'))('@temporalio/worker');
  const quiet = { trace() {}, debug() {}, info() {}, warn: complain, error: complain, log() {} };
  const options = { workflowsPath, logger: quiet, webpackConfigHook: portable };
  const { code } = await bundleWorkflowCode(options);
  writeFileSync(join(next, 'workflow-bundle.js'), code);
  const failureConverterPath = join(next, 'src', 'worker', 'codec', 'encoded-failures.js');
  const encoded = await bundleWorkflowCode({ ...options, failureConverterPath });
  writeFileSync(join(next, 'workflow-bundle-encoded.js'), encoded.code);
}

function portable(config) {
  const locales = join(root, 'node_modules', 'zod', 'v4', 'locales', 'index.cjs');
  return {
    ...config,
    context: next,
    devtool: 'inline-nosources-source-map',
    resolve: { ...config.resolve, alias: { ...config.resolve.alias, [locales]: false } },
    output: {
      ...config.output,
      filename: 'workflow-bundle.js',
      pathinfo: false,
      devtoolModuleFilenameTemplate: ({ resourcePath }) => `rowproof:///${resourcePath.replaceAll(root, '')}`,
    },
  };
}

function complain(message) {
  say(String(message));
}

function fingerprint() {
  const hash = createHash('sha256').update(process.versions.node);
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.(ts|json)$/.test(name))
      .map((name) => join(folder, name))
      .sort(),
  );
  for (const name of [...settings, ...sources]) hash.update(`\0${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await ensureModules();
  process.exitCode = (await build()) ? 0 : 1;
}

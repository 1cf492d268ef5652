import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Progress goes to stderr: stdout belongs to data such as `--output json`. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program in the repository and resolves to its exit code. Its stdout goes to ours when `stdout` is true, else
 * to stderr. Ctrl-C reaches the program from the terminal; we wait for what it makes of it.
 */
export function run(file, args, { stdout = false, env = {} } = {}) {
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['inherit', stdout ? 'inherit' : 2, 'inherit'],
      shell: process.platform === 'win32' && file === 'npm',
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  }).finally(() => process.off('SIGINT', ignore));
}

/** A program of an installed package, run by this very Node. */
export function runTool(script, args, options) {
  return run(process.execPath, [join(root, 'node_modules', script), ...args], options);
}

/** Installs the locked packages unless exactly they are installed. */
export async function ensureModules() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 3)) {
    say(`rowproof needs Node 20.3 or newer, this is ${process.versions.node}.`);
    process.exit(6);
  }
  if (modulesAreCurrent()) return;
  say('Installing the locked packages (npm ci), once.');
  const code = await run('npm', ['ci', '--no-audit', '--no-fund']);
  if (code !== 0) {
    say('npm ci failed; its output is above. Without a network it works only after it worked once.');
    process.exit(6);
  }
}

/** npm keeps the lock file of what it installed; optional packages of other platforms are absent from it. */
function modulesAreCurrent() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    if (path === '') return true;
    const found = present[path];
    if (found === undefined) return optional === true || devOptional === true;
    return found.version === version && found.integrity === integrity && existsSync(join(root, path));
  });
}

import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fail } from '../errors/rowproof-error';

/** Where the local environment lives: ROWPROOF_STATE, else /var/lib/rowproof for root, else the XDG state folder. Absolute. */
export function stateFolder(environment: NodeJS.ProcessEnv = process.env, root = isRoot()): string {
  const chosen = environment['ROWPROOF_STATE'];
  if (chosen !== undefined && chosen !== '') return resolve(chosen);
  if (root) return '/var/lib/rowproof';
  const xdg = environment['XDG_STATE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'rowproof');
  return join(homedir(), '.local', 'state', 'rowproof');
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Creates the state folder. As root it must be reachable by the user that owns the cluster, so every folder on the
 * way has to let others pass; secrets in it are files of mode 0600.
 */
export function openStateFolder(state: string): void {
  try {
    mkdirSync(state, { recursive: true });
    if (!isRoot()) return void chmodSync(state, 0o700);
    chmodSync(state, 0o755);
  } catch (error) {
    throw fail('RP8006', `The state folder ${state} cannot be written.`, { cause: error });
  }
  for (let folder = state; dirname(folder) !== folder; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      throw fail('RP8006', `The state folder ${state} is closed to other users at ${folder}.`, {
        why: 'PostgreSQL never runs as root, so another user has to reach its files.',
        fix: `Open it with \`chmod o+x ${folder}\`, or point ROWPROOF_STATE to a folder such as /var/lib/rowproof.`,
      });
    }
  }
}

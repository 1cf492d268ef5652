import { readFileSync } from 'node:fs';
import { fail } from '../errors/rowproof-error';
import { isRoot } from './state-folder';

/** The user a server process runs as. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

const preferred = ['postgres', 'rowproof', 'nobody'];

/** The user that runs PostgreSQL: null for the current one, another one when we are root (PostgreSQL refuses root). */
export function clusterOwner(passwd: () => string = () => readFileSync('/etc/passwd', 'utf8')): Owner | null {
  if (!isRoot()) return null;
  const users = new Map(
    passwd()
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , uid, gid]) => [name, { name, uid: Number(uid), gid: Number(gid) }]),
  );
  for (const name of preferred) {
    const user = users.get(name);
    if (user !== undefined && user.uid > 0) return user;
  }
  throw fail('RP8007', 'The current user is root, and there is no unprivileged user to run PostgreSQL.');
}

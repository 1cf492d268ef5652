import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fail } from '../errors/rowproof-error';
import { isAlive, record, waitUntil } from './server-process';
import type { ProcessRecord } from './server-process';

/** Long enough for the slowest first start, which downloads PostgreSQL and Temporal. */
const patience = 10 * 60_000;

/** Runs `work` while holding the state folder's lock; a lock whose holder died is taken over. */
export async function withStateLock<T>(state: string, say: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const lock = join(state, 'lock');
  let announced = false;
  const taken = await waitUntil(() => {
    if (tryLock(lock)) return true;
    if (!announced) say('Waiting for another rowproof that starts or stops this environment.');
    announced = true;
    return false;
  }, patience);
  if (!taken) throw fail('RP8008', `Another rowproof has held ${lock} for more than ten minutes.`);
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** A link appears with its content or not at all, so nobody reads a half-written lock. */
function tryLock(lock: string): boolean {
  const mine = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(mine, JSON.stringify(record(process.pid)), { mode: 0o600 });
  try {
    linkSync(mine, lock);
    return true;
  } catch {
    removeStale(lock);
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Renaming lets only one of several waiters take a stale lock away; a live one that came in between goes back. */
function removeStale(lock: string): void {
  if (!isStale(lock)) return;
  const aside = `${lock}.stale.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(lock, aside);
    if (!isStale(aside)) linkSync(aside, lock);
  } catch {
    // Another waiter was faster.
  } finally {
    rmSync(aside, { force: true });
  }
}

function isStale(lock: string): boolean {
  try {
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as ProcessRecord;
    return holder.started !== null && !isAlive(holder);
  } catch {
    return false;
  }
}

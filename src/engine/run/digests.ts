import { createHash, createHmac } from 'node:crypto';
import type { LoadedRun } from '../../postgres/ledger/run/run';

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** Digest of a key for the report: nobody without the run's secret can try keys against it. */
export function keyDigest(run: LoadedRun, mapping: string, key: string): string {
  return createHmac('sha256', run.secret).update(`${mapping}\0${key}`).digest('hex');
}

/** What stands before the digests of large values in the statements of a proof: known to nobody who writes rows. */
export function largeValueTag(run: LoadedRun): string {
  return createHmac('sha256', run.secret).update('large values').digest('hex');
}

import type { DeltaReport } from '../../src/contract/delta';

/** How often at most, in slices of 20 s: a quarter of an hour altogether. */
const maxSlices = 45;

/**
 * Slices of rounds until nothing is left behind. What needs nothing but time needs no second approval: it goes on while fewer bytes of
 * WAL are left than ever (WAL becomes keys), or fewer keys than a slice ago. Ends with the first slice that brought neither.
 */
export async function catchUp(slice: () => Promise<Pick<DeltaReport, 'caughtUp' | 'lag'>>): Promise<void> {
  let [walBytes, changes] = [Infinity, Infinity];
  for (let slices = 0; slices < maxSlices; slices += 1) {
    const { caughtUp, lag } = await slice();
    const less = lag.walBytes < walBytes || lag.changes < changes;
    if (caughtUp || !less) return;
    changes = lag.changes;
    walBytes = Math.min(walBytes, lag.walBytes);
  }
}

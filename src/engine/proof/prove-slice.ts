import { isMultiset } from '../../compile/key/row-identity';
import type { Difference } from '../../postgres/ledger/proof/proof';
import { openQuarantine } from '../../postgres/ledger/proof/proof-quarantine';
import type { ProofCounts } from '../../validate/row';
import { reproduced } from '../../validate/tally';
import { createComparison, differencesOf, explained, type ProofWork } from './compare-rows';
import { compareSlice } from './compare-slice';
import { readAgain } from './confirm-differences';
import { inSnapshots, openSides } from './sides';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { SessionScope } from '../session-scope';

export interface SliceResult {
  readonly counts: ProofCounts;
  readonly expectedDigest: string;
  readonly actualDigest: string;
  readonly differences: readonly Difference[];
}

/** Looks at a slice that something writes into are given up after this many; what the last one saw is reported. */
const looks = 3;

/**
 * Proves one slice: both streams in one snapshot a side, taken before the first row is read. What looks wrong is read
 * again in new snapshots; when it does not look the same, something moved and the slice is proved anew.
 */
export async function proveSlice(work: ProofWork, slice: { index: number; of: number }): Promise<SliceResult> {
  const { host, ref, run, mapping } = work;
  const sessions = new SessionScope(host, ref, `prove ${mapping.name}`);
  sessions.measure(work.progress);
  let succeeded = false;
  try {
    const sides = await openSides(sessions, run, mapping);
    const comparison = createComparison(work, sides, await openQuarantine(sides.lookup, run.run, mapping.name));
    const proving = `comparing rows of ${dotted(mapping.target)} for the proof`;
    const look = () => during(proving, () => inSnapshots(run, sides, () => compareSlice(comparison, slice)));
    let result = await look();
    for (let round = 1; round < looks && result.suspects.length > 0; round += 1) {
      // rows without a key cannot be looked up: the slice is read once more
      const second = isMultiset(mapping)
        ? (await look()).suspects
        : await during(proving, () => inSnapshots(run, sides, () => readAgain(comparison, result.suspects)));
      if (reproduced(result.suspects, second)) break;
      result = await look();
    }
    succeeded = true;
    return {
      counts: result.counts,
      expectedDigest: result.expectedDigest,
      actualDigest: result.actualDigest,
      differences: result.suspects.flatMap((suspect) => differencesOf(run, mapping, suspect)),
    };
  } catch (error) {
    throw explained(mapping, error);
  } finally {
    await sessions.end(succeeded);
  }
}

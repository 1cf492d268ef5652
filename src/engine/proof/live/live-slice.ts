import type { CarefulBatch } from '../../../postgres/ledger/proof/proof';
import type { SliceAlignment } from '../../../postgres/ledger/proof/proof-alignment';
import { onlyReproduced, reproduced } from '../../../validate/tally';
import type { Progress } from '../../heartbeat';
import type { AlignedView, AlignedViews } from './live-view';
import { compareCareful, type CarefulResult } from '../careful-proof';
import { differencesOf, explained } from '../compare-rows';
import { compareSlice } from '../compare-slice';
import { readAgain } from '../confirm-differences';
import type { SliceResult } from '../prove-slice';
import { during } from '../../../postgres/refusal';
import { dotted } from '../../../sql/quote';

/** Looks at a slice whose suspects look different each time; what is left then is called unverifiable. */
const looks = 3;

export interface LiveSlice extends SliceResult {
  readonly aligned: SliceAlignment;
}

/**
 * Proves one slice at an alignment. What looks wrong is read again at a second, newer one; where it does not look the same there,
 * the slice is proved anew at that one, so that its counts always belong to one alignment.
 */
export async function proveLiveSlice(
  views: AlignedViews,
  name: string,
  slice: { readonly index: number; readonly of: number },
  progress: Progress,
): Promise<LiveSlice> {
  let view = await views.current();
  let comparison = await view.comparison(name, progress);
  const { run, mapping } = comparison.work;
  try {
    const proving = `comparing rows of ${dotted(mapping.target)} for the proof`;
    let look = await during(proving, () => compareSlice(comparison, slice));
    let aligned = alignedAt(view);
    for (let seen = 1; look.suspects.length > 0; seen += 1) {
      view = await views.fresh();
      comparison = await view.comparison(name, progress);
      const again = await during(proving, () => readAgain(comparison, look.suspects));
      if (reproduced(look.suspects, again)) break;
      if (seen === looks) {
        look = { ...look, ...onlyReproduced(look.counts, look.suspects, again) };
        break;
      }
      look = await during(proving, () => compareSlice(comparison, slice));
      aligned = alignedAt(view);
    }
    return {
      counts: look.counts,
      expectedDigest: look.expectedDigest,
      actualDigest: look.actualDigest,
      differences: look.suspects.flatMap((suspect) => differencesOf(run, mapping, suspect)),
      aligned,
    };
  } catch (error) {
    throw explained(mapping, error);
  }
}

function alignedAt(view: AlignedView): SliceAlignment {
  return { round: view.round, ageMs: view.ageMs() };
}

/** Recomputes a batch of the careful path at an alignment; a broken one once more at a second one, whose outcome counts. */
export async function proveLiveCareful(
  views: AlignedViews,
  name: string,
  batch: CarefulBatch,
  progress: Progress,
): Promise<CarefulResult> {
  const first = await carefulAt(await views.current(), name, batch, progress);
  if (first.check.broken === 0) return first;
  return carefulAt(await views.fresh(), name, batch, progress);
}

async function carefulAt(
  view: AlignedView,
  name: string,
  batch: CarefulBatch,
  progress: Progress,
): Promise<CarefulResult> {
  const { work, sides } = await view.comparison(name, progress);
  return compareCareful(work, batch, await view.quarantine(name), sides, (read) => read());
}

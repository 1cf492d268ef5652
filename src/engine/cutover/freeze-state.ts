import type { CutoverActivities } from '../../contract/activity-types';
import type { Writer } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import { isOpened } from '../../postgres/ledger/cutover';
import { appendEvent } from '../../postgres/ledger/run/event';
import type { Host } from '../host';
import { frozenSources, onSources } from './source-sessions';
import { writersOf } from './writers';

/** What is frozen on the sources by now, and whether the target is open. */
export function freezeState(host: Host, ref: RunRef): ReturnType<CutoverActivities['freezeState']> {
  return onSources(host, ref, 'look at the freeze', async (works) => {
    const states = [...(await frozenSources(works))];
    return {
      opened: await isOpened(works.ledger, works.run.run),
      frozen: states.filter(([, state]) => state !== 'none').map(([source]) => source),
      whole: states.length > 0 && states.every(([, state]) => state === 'whole'),
    };
  });
}

/** Who writes to the sources at this moment; recorded as an event. */
export function listWriters(host: Host, ref: RunRef, moment: string): Promise<readonly Writer[]> {
  return onSources(host, ref, 'writers', async (works) => {
    const writers = await writersOf(works.relations, works.source);
    await appendEvent(works.ledger, works.run.run, 'writers', { moment, writers });
    return writers;
  });
}

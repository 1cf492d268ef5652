import type { FinishActivities } from '../src/contract/activity-types';
import {
  advanceSequences,
  analyzeAndRefresh,
  rebuildForeignKeys,
  rebuildIndexes,
  restoreAllTriggers,
  writeAllIdMaps,
} from '../src/engine/finish/finish';
import type { Host } from '../src/engine/host';
import { settle } from '../src/engine/settle/settle';
import { undecidedQuarantine } from '../src/engine/settle/undecided-quarantine';

/** Every activity reads from the ledger what is left to do and may be repeated at any point. */
export function createFinishActivities(host: Host): FinishActivities {
  return {
    settle: (ref) => settle(host, ref),
    rebuildIndexes: (ref) => rebuildIndexes(host, ref),
    rebuildForeignKeys: (ref) => rebuildForeignKeys(host, ref),
    restoreTriggers: (ref) => restoreAllTriggers(host, ref),
    advanceSequences: (ref) => advanceSequences(host, ref),
    analyzeAndRefresh: ({ ref, again }) => analyzeAndRefresh(host, ref, again),
    writeIdMap: (ref) => writeAllIdMaps(host, ref),
    undecidedQuarantine: (ref) => undecidedQuarantine(host, ref),
  };
}

import { createValidationActivities } from '../../../activities/proof';
import type { Verdict } from '../../../src/contract/activity-types';
import { functionBehind } from '../../../src/postgres/queries/discovery/function-behind';
import { safeFailure } from '../../../src/worker/failure-interceptor';
import { openCopyRun, type CopyRun, type CopyRunDraft } from './copy-run';
import { createDiscoveryActivities } from '../../../activities/discovery';
import { createFinishActivities } from '../../../activities/finish';
import { createPrepareActivities } from '../../../activities/prepare';

/** The phases of a run against a source that stands still, in their order, each as the workflow calls it. */
export interface WholeRun extends CopyRun {
  discover(): Promise<void>;
  prepare(): Promise<void>;
  finish(): Promise<void>;
  prove(): Promise<Verdict>;
}

export async function openWholeRun(draft: CopyRunDraft): Promise<WholeRun> {
  const run = await openCopyRun(draft);
  const { databases, ref } = run;
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  const discovery = createDiscoveryActivities(host);
  const finish = createFinishActivities({ databases });
  const validation = createValidationActivities({ databases, plansFolder: null });
  const names = draft.mappings.map(({ name }) => name);
  return {
    ...run,
    async discover() {
      await discovery.recordCatalogs(ref);
      for (const name of names) await discovery.profileMapping(ref, name);
      await discovery.tryTargetRules(ref);
    },
    async prepare() {
      await createDiscoveryActivities({ databases }).fingerprintTarget(ref, 'before');
      await createPrepareActivities({ databases }).prepareTarget(ref);
    },
    async finish() {
      await finish.settle(ref);
      await finish.rebuildIndexes(ref);
      await finish.rebuildForeignKeys(ref);
      await finish.restoreTriggers(ref);
      await finish.advanceSequences(ref);
      await finish.analyzeAndRefresh(ref);
      await finish.writeIdMap(ref);
    },
    async prove() {
      for (const name of names) await validation.proveMapping(ref, name);
      await validation.proveReferences(ref);
      await validation.checkRules(ref);
      await validation.runSpotChecks(ref);
      return validation.reconcile(ref);
    },
  };
}

/** What people read of the failure of an activity: the sentence that its failure carries through Temporal. */
export async function sentenceOf(work: Promise<unknown>): Promise<string> {
  const outcome = await work.then(
    () => 'nothing was refused',
    async (error: unknown) => safeFailure(error, await functionBehind(error)).message,
  );
  return outcome;
}

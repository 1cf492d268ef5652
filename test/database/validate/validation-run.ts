import { createValidationActivities } from '../../../activities/proof';
import type { ValidationActivities, Verdict } from '../../../src/contract/activity-types';
import { openCopyRun, type CopyRun, type CopyRunDraft } from '../copy/copy-run';

/** A run whose rows are copied, and the validation over it. */
export interface ValidationRun extends CopyRun {
  readonly validation: ValidationActivities;
  /** Everything the validation workflow does, in its order. */
  validate(): Promise<Verdict>;
}

export async function openValidationRun(
  draft: CopyRunDraft,
  plansFolder: string | null = null,
): Promise<ValidationRun> {
  const run = await openCopyRun(draft);
  const validation = createValidationActivities({ databases: run.databases, plansFolder });
  await run.copyAll();
  return {
    ...run,
    validation,
    async validate() {
      for (const { name } of draft.mappings) await validation.proveMapping({ ref: run.ref, mapping: name });
      await validation.proveReferences(run.ref);
      await validation.checkRules(run.ref);
      await validation.runSpotChecks(run.ref);
      return validation.reconcile(run.ref);
    },
  };
}

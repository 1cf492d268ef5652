import { z } from 'zod';

/** What a workflow that drives a run carries as its memo, so that commands find the run from anywhere: names only, no secrets, no paths. */
export const runMemo = z.object({
  /** Tells this run from one of the same name in another ledger. */
  identity: z.string(),
  run: z.string(),
  plan: z.string(),
  code: z.string(),
  ledger: z.string(),
});
export type RunMemo = z.infer<typeof runMemo>;

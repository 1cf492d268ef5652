import { z } from 'zod';
import { blockedBatch, runRef, tableProgress } from './run';

/** What passes between the root workflow and its children. */

export const batchCopyInput = z.strictObject({
  ref: runRef,
  mappings: z.array(z.string()).min(1),
  inFlight: z.number().int().min(1),
  parent: z.string(),
  searchAttributes: z.boolean(),
  /** Mappings finished before a continue-as-new. */
  finished: z.array(z.string()).optional(),
  paused: z.boolean().optional(),
  /** Batches, such as `orders:91`, that waited for an answer before a continue-as-new and still do. */
  blocked: z.array(z.string()).optional(),
  /** Steps of a table that the root hears of, see reportSteps. */
  reports: z.number().int().optional(),
});
export type BatchCopyInput = z.infer<typeof batchCopyInput>;

export const phaseInput = z.strictObject({
  ref: runRef,
  mappings: z.array(z.string()),
  inFlight: z.number().int().min(1),
});
export type PhaseInput = z.infer<typeof phaseInput>;

/** Child to root, on a step worth showing. */
export const progressReport = z.strictObject({
  table: tableProgress.optional(),
  blocked: blockedBatch.optional(),
  unblocked: z.string().optional(),
});
export type ProgressReport = z.infer<typeof progressReport>;

/** Root to child: what an operator decided about a blocked batch. */
export const resolution = z.strictObject({
  what: z.string(),
  do: z.enum(['retry', 'quarantine']),
  by: z.string(),
  reason: z.string(),
});
export type Resolution = z.infer<typeof resolution>;

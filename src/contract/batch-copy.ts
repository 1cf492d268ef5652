import { z } from 'zod';
import { cutoverOverrides, deltaLag, followReport } from './delta';
import { blockedBatch, findingSummary, runRef, tableProgress, type FindingSummary } from './run';

/** What passes between the root workflow and its children. Fields that a reader does not know are left out: a newer sender may have more. */

/** Root to child: what an operator decided about a blocked batch. */
export const resolution = z.object({
  what: z.string(),
  do: z.enum(['retry', 'quarantine', 'resync']),
  by: z.string(),
  reason: z.string(),
});
export type Resolution = z.infer<typeof resolution>;

export const batchCopyInput = z.object({
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
  /** Mappings that wait for decisions about their bad rows. */
  overLimit: z.array(z.string()).optional(),
  /** Answers to blocked batches whose turn had not come before a continue-as-new. */
  answers: z.array(resolution).optional(),
  /** Steps of a table that the root hears of, see reportSteps. */
  reports: z.number().int().optional(),
});
export type BatchCopyInput = z.infer<typeof batchCopyInput>;

export const phaseInput = z.object({
  ref: runRef,
  mappings: z.array(z.string()),
  inFlight: z.number().int().min(1),
  /** How many of them an execution before this one has done. */
  from: z.number().int().optional(),
  /** Proves on aligned snapshots while rounds go on. */
  live: z.boolean().optional(),
});
export type PhaseInput = z.infer<typeof phaseInput>;

/** From an activity to the root: what work does not move, and what it waits for; null once it moves. */
const stallReport = z.object({ what: z.string(), sentence: z.string().nullable() });
export type StallReport = z.infer<typeof stallReport>;

/** Child to root, on a step worth showing. */
export const progressReport = z.object({
  table: tableProgress.optional(),
  /** Several of them at once, where there are many. */
  tables: z.array(tableProgress).optional(),
  blocked: blockedBatch.optional(),
  /** What is to be decided before what is blocked goes on. */
  findings: z.array(findingSummary).optional(),
  unblocked: z.string().optional(),
  follow: followReport.optional(),
  stalled: stallReport.optional(),
  /** Why something is tried again and again. */
  trying: z.string().optional(),
  /** A message of the root that the child could not read. */
  unreadable: z.string().optional(),
});
export type ProgressReport = z.infer<typeof progressReport>;

/** More bad rows of a table than the plan allows: why, and the findings that let it go on once they are decided. */
export interface LimitReached {
  readonly why: string;
  readonly findings: readonly FindingSummary[];
}

/** Input of the child that follows the sources; the optional part is what another execution of it hands over. */
export const deltaInput = z.object({
  ref: runRef,
  parent: z.string(),
  paused: z.boolean(),
  caughtUp: z.boolean().optional(),
  /** Ends by itself once it has caught up. */
  once: z.boolean().optional(),
  /** Why it waits for an operator. */
  stopped: z.string().nullable().optional(),
  lag: deltaLag.optional(),
  reports: z.number().int().optional(),
});
export type DeltaInput = z.infer<typeof deltaInput>;

export const captureMonitorInput = z.object({
  ref: runRef,
  parent: z.string(),
  /** Warnings that the root has heard of. */
  shown: z.string().optional(),
  /** How often it was told. */
  reports: z.number().int().optional(),
  /** The ledger knows that this is the one that watches. */
  begun: z.boolean().optional(),
});

/** What a run that goes only forward does until it works, of its activities. */
const persistentWork = [
  'openTarget',
  'callSwitch',
  'removeCapture',
  'refreshTarget',
  'writeIdMap',
  'reconcile',
] as const;
export type PersistentWork = (typeof persistentWork)[number];

export const persistInput = z.object({
  ref: runRef,
  parent: z.string(),
  work: z.enum(persistentWork),
  /** What a sentence about a failure begins with. */
  what: z.string(),
  /** Codes of failures that stay: they end it. */
  final: z.array(z.string()),
  /** Tries so far, and the failure that the root knows of. */
  tries: z.number().int(),
  shown: z.string(),
});
export type PersistInput = z.infer<typeof persistInput>;

export const cutoverInput = z.object({
  ref: runRef,
  /** A drill has no approval: it lets the writers go in any case. */
  drill: z.boolean(),
  by: z.string(),
  reason: z.string(),
  code: z.string(),
  overrides: cutoverOverrides.optional(),
});
export type CutoverInput = z.infer<typeof cutoverInput>;

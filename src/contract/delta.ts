import { z } from 'zod';

/** What delta, live proof and cutover tell workflows and people. No key values, no row values. */

export const deltaLag = z.object({
  /** Changes captured on the sources that the target does not have yet, those in `pending` included. */
  changes: z.number(),
  /** Age of the oldest of them, seconds; 0 when there is none. */
  seconds: z.number(),
  /** WAL that the slots hold back, bytes; 0 with triggers. */
  walBytes: z.number(),
});
export type DeltaLag = z.infer<typeof deltaLag>;

export const deltaReport = z.object({
  rounds: z.number(),
  keys: z.number(),
  lag: deltaLag,
  /** Keys in `pending`. */
  pending: z.number(),
  /** True when the last round left nothing behind. */
  caughtUp: z.boolean(),
  /** Why rounds hold back now, null when they do not. */
  throttled: z.string().nullable(),
  /** Ids of findings, and of what rows are quarantined for, that wait for a decision (a new column, a new table, a bad row). */
  newFindings: z.array(z.string()),
  /** Rows in quarantine; workers of before did not say, nor what of them is undecided. */
  quarantined: z.number().optional(),
});
export type DeltaReport = z.infer<typeof deltaReport>;

export const captureReport = z.object({
  /** Bytes of the change logs on the sources. */
  changeLogBytes: z.number(),
  /** WAL that the slots hold back, bytes. */
  walBytes: z.number(),
  /** Sentences that somebody should read: what comes close to a limit, and what to do. */
  warnings: z.array(z.string()),
});
export type CaptureReport = z.infer<typeof captureReport>;

export interface MonitorReport extends CaptureReport {
  /** False when the ledger could not be looked into and the sources were looked at alone. */
  readonly asked: boolean;
  /** Nothing is left to watch, or another watcher does. */
  readonly over: boolean;
}

export const checklistLine = z.object({
  /** lag, pending, quarantine, prepared, proof, drift, rules_built, blocked, approval … */
  name: z.string(),
  ok: z.boolean(),
  sentence: z.string(),
});
export type ChecklistLine = z.infer<typeof checklistLine>;

export const writer = z.object({
  source: z.string(),
  application: z.string(),
  user: z.string(),
  sessions: z.number(),
});
export type Writer = z.infer<typeof writer>;

/** Which sources refuse writes because of the run, and whether its target is open. */
export interface FreezeState {
  readonly opened: boolean;
  /** Names of sources on which the freeze, or part of it, stands. */
  readonly frozen: readonly string[];
  /** It stands on every table of every source. */
  readonly whole: boolean;
}

/** What approves a cutover, or asks for a drill, may set in place of the plan's settings, for this attempt only. */
export const cutoverOverrides = z.object({
  maxFreezeMs: z.number().optional(),
  books: z.enum(['frozen', 'aligned']).optional(),
});
export type CutoverOverrides = z.infer<typeof cutoverOverrides>;

/** What an attempt went by, and which of it came with its approval and not from the plan. */
export const attemptLimits = z.object({
  maxFreezeMs: z.number(),
  books: z.enum(['frozen', 'aligned']),
  overridden: z.array(z.enum(['max_freeze', 'books'])),
});
export type AttemptLimits = z.infer<typeof attemptLimits>;

export const cutoverOutcomes = ['frozen', 'drilled', 'lock', 'deadline', 'not_proved', 'lag', 'refused'] as const;
export const cutoverResult = z.object({
  outcome: z.enum(cutoverOutcomes),
  sentence: z.string(),
  /** How long writers could not write, milliseconds: from the first lock request of the attempt that got them to the end. */
  freezeMs: z.number(),
  /** Locks asked for before they were obtained. */
  lockAttempts: z.number(),
  /** Keys proved again under the barrier. */
  changedKeys: z.number(),
  /** How long writers waited for the counts of both sides, milliseconds. */
  reconciliationMs: z.number().optional(),
  /** Absent where no attempt was made. */
  limits: attemptLimits.optional(),
  /** Sessions that wrote to a source right before. */
  writers: z.array(writer),
});
export type CutoverResult = z.infer<typeof cutoverResult>;

/** What a child that follows tells the root, on a step worth showing. */
export const followReport = z.object({
  delta: deltaReport.optional(),
  /** Why following waits for an operator; null once it goes on. */
  stopped: z.string().nullable().optional(),
  /** Why it is tried again and again; null once it works. */
  trouble: z.string().nullable().optional(),
  capture: captureReport.optional(),
});
export type FollowReport = z.infer<typeof followReport>;

/** One rehearsed or real freeze, as screens show it. */
export const freezeFacts = z.object({
  at: z.string(),
  freezeMs: z.number(),
  outcome: z.enum(cutoverOutcomes),
  sentence: z.string(),
  by: z.string(),
  reconciliationMs: z.number().optional(),
  limits: attemptLimits.optional(),
  /** Writers were stopped before the copy, and stay so. */
  first: z.literal(true).optional(),
});
export type FreezeFacts = z.infer<typeof freezeFacts>;

/** How a run that follows its source stands; part of its status. */
export const followStatus = z.strictObject({
  lag: deltaLag,
  /** When the lag was told. */
  lagAt: z.string().nullable(),
  caughtUp: z.boolean(),
  pending: z.number(),
  throttled: z.string().nullable(),
  trouble: z.string().nullable(),
  warnings: z.array(z.string()),
  /** When the last full proof was green. */
  provedAt: z.string().nullable(),
  quarantined: z.number(),
  drill: freezeFacts.nullable(),
  freeze: freezeFacts.nullable(),
  /** Lines of the last checklist that do not hold. */
  missing: z.array(checklistLine),
  maxFreezeMs: z.number(),
  maxProofAgeMs: z.number(),
});
export type FollowStatus = z.infer<typeof followStatus>;

const who = { by: z.string().trim().min(1), reason: z.string().trim().min(1) };
/** Settings of the cutover as a message carries them, in the plan's words; what they may be is said when they are refused. */
export const overrideFields = {
  max_freeze: z.union([z.string(), z.number()]).optional(),
  books: z.string().optional(),
};
export type OverrideFields = {
  readonly [name in keyof typeof overrideFields]?: z.infer<(typeof overrideFields)[name]>;
};
export const drillMessage = z.strictObject({ ...who, ...overrideFields });
export type DrillMessage = z.infer<typeof drillMessage>;

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

const deltaReport = z.object({
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
  /** Rows in quarantine. */
  quarantined: z.number(),
});
export type DeltaReport = z.infer<typeof deltaReport>;

const captureReport = z.object({
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

export interface ChecklistLine {
  /** lag, pending, quarantine, prepared, proof, drift, rules_built, blocked, approval … */
  readonly name: string;
  readonly ok: boolean;
  readonly sentence: string;
}

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

type CutoverOutcome = 'frozen' | 'drilled' | 'lock' | 'deadline' | 'not_proved' | 'lag' | 'refused';

export interface CutoverResult {
  readonly outcome: CutoverOutcome;
  readonly sentence: string;
  /** How long writers could not write, milliseconds: from the first lock request of the attempt that got them to the end. */
  readonly freezeMs: number;
  /** Locks asked for before they were obtained. */
  readonly lockAttempts: number;
  /** Keys proved again under the barrier. */
  readonly changedKeys: number;
  /** How long writers waited for the counts of both sides, milliseconds. */
  readonly reconciliationMs?: number;
  /** Absent where no attempt was made. */
  readonly limits?: AttemptLimits;
  /** Sessions that wrote to a source right before. */
  readonly writers: readonly Writer[];
}

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
export interface FreezeFacts {
  readonly at: string;
  readonly freezeMs: number;
  readonly outcome: CutoverOutcome;
  readonly sentence: string;
  readonly by: string;
  readonly reconciliationMs?: number;
  readonly limits?: AttemptLimits;
  /** Writers were stopped before the copy, and stay so. */
  readonly first?: true;
}

/** How a run that follows its source stands; part of its status. */
export interface FollowStatus {
  readonly lag: DeltaLag;
  /** When the lag was told. */
  readonly lagAt: string | null;
  readonly caughtUp: boolean;
  readonly pending: number;
  readonly throttled: string | null;
  readonly trouble: string | null;
  readonly warnings: readonly string[];
  /** When the last full proof was green. */
  readonly provedAt: string | null;
  readonly quarantined: number;
  readonly drill: FreezeFacts | null;
  readonly freeze: FreezeFacts | null;
  /** Lines of the last checklist that do not hold. */
  readonly missing: readonly ChecklistLine[];
  readonly maxFreezeMs: number;
  readonly maxProofAgeMs: number;
}

const who = { by: z.string().trim().min(1), reason: z.string().trim().min(1) };
/** Settings of the cutover as a message carries them, in the plan's words; what they may be is said when they are refused. */
export const overrideFields = {
  max_freeze: z.union([z.string(), z.number()]).optional(),
  books: z.string().optional(),
};
export type OverrideFields = {
  readonly [name in keyof typeof overrideFields]?: z.infer<(typeof overrideFields)[name]>;
};
export const drillMessage = z.object({ ...who, ...overrideFields });
export type DrillMessage = z.infer<typeof drillMessage>;

import { z } from 'zod';
import { overrideFields, type FollowStatus, type FreezeFacts } from './delta';

/** Names that cross process boundaries: run references, workflow inputs, updates, status, results. All zod, all versioned by field addition only. */

/** Where a run lives. `ledger` names a connection, it never is one: `env:CRM_URL` or `plan:crm`. */
export const runRef = z.object({
  run: z.string().min(1),
  ledger: z.string().min(1),
});
export type RunRef = z.infer<typeof runRef>;

export type Phase =
  | 'open'
  | 'discovery'
  | 'prepare'
  | 'freeze'
  | 'capture'
  | 'copy'
  | 'delta'
  | 'settle'
  | 'finish'
  | 'proof'
  | 'cutover'
  | 'done'
  | 'rollback';

export type RunState = 'running' | 'waiting' | 'paused' | 'blocked' | 'complete' | 'failed' | 'aborted' | 'rolled_back';

export const findingSummary = z.object({
  id: z.string(),
  mapping: z.string().nullable(),
  column: z.string().nullable(),
  kind: z.string(),
  severity: z.enum(['decide', 'note']),
  rows: z.number(),
  /** One sentence for people; no row values. */
  sentence: z.string(),
  choices: z.array(z.string()),
  decided: z.string().nullable(),
});
export type FindingSummary = z.infer<typeof findingSummary>;

export const tableProgress = z.object({
  mapping: z.string(),
  estimatedRows: z.number(),
  batches: z.number(),
  batchesDone: z.number(),
  inFlight: z.number(),
  migrated: z.number(),
  quarantined: z.number(),
  outOfScope: z.number(),
  state: z.enum(['waiting', 'running', 'done']),
});
export type TableProgress = z.infer<typeof tableProgress>;

export const blockedBatch = z.object({
  what: z.string(),
  mapping: z.string(),
  ordinal: z.number(),
  /** Allow-listed facts: SQLSTATE, constraint, code. */
  why: z.string(),
});
export type BlockedBatch = z.infer<typeof blockedBatch>;

export const tableReconciliation = z.strictObject({
  mapping: z.string(),
  target: z.string(),
  source: z.number(),
  migrated: z.number(),
  quarantined: z.number(),
  outOfScope: z.number(),
  unexplained: z.number(),
});
export type TableReconciliation = z.infer<typeof tableReconciliation>;

export interface RunStatus {
  readonly run: string;
  readonly plan: string;
  readonly code: string;
  readonly phase: Phase;
  readonly state: RunState;
  /** One sentence: what it does or waits for. */
  readonly sentence: string;
  readonly startedAt: string;
  readonly asOf: string;
  readonly tables: readonly TableProgress[];
  readonly undecided: readonly FindingSummary[];
  readonly blocked: readonly BlockedBatch[];
  /** Messages between the workflows of the run that could not be read: what they said is missing here. */
  readonly alarms?: readonly string[];
  /** Work whose rows and bytes do not move, and what it waits for. */
  readonly stalled?: readonly { readonly what: string; readonly sentence: string }[];
  readonly gate: string | null;
  /** What may be approved at the gate, where that is more than the gate itself. */
  readonly gates?: readonly string[];
  /** The target is open or being opened: nothing can be undone any more. */
  readonly forward?: boolean;
  readonly children: readonly { readonly kind: string; readonly workflowId: string }[];
  readonly pattern?: 'copy' | 'hybrid' | 'big_bang';
  /** Present from the moment a run follows its source. */
  readonly follow?: FollowStatus;
}

export const migrationInput = z.strictObject({
  plan: z.string().min(1),
  /** `check` runs discovery only and changes nothing. */
  mode: z.enum(['run', 'check']).optional(),
  /** Set by the CLI, which has opened the run in the ledger; otherwise the worker opens it from its plans folder. */
  run: z.string().optional(),
  ledger: z.string().optional(),
  only: z.array(z.string()).optional(),
  sample: z.number().gt(0).max(100).optional(),
});
export type MigrationInput = z.infer<typeof migrationInput>;

export interface MigrationResult {
  /** First, because a closed run shows its result and nothing else. */
  readonly verdict: string;
  readonly run: string;
  readonly plan: string;
  readonly code: string;
  readonly outcome: 'complete' | 'checked';
  readonly reconciliation: readonly TableReconciliation[];
  /** False for a check that found something undecided; a run that is not green fails. */
  readonly green: boolean;
  /** Of a check: what needs a decision. */
  readonly findings?: readonly FindingSummary[];
  /** Of a check that found something to decide: what to do about it. */
  readonly next?: readonly string[];
  /** The freeze of a run that cut over. */
  readonly freeze?: FreezeFacts;
  readonly seconds: number;
}

export const rollbackInput = z.strictObject({
  run: z.string().min(1),
  ledger: z.string().min(1),
  by: z.string().min(1),
  reason: z.string().min(1),
  /** Steps that an execution before this one undid. */
  undone: z.number().int().optional(),
});
export type RollbackInput = z.infer<typeof rollbackInput>;

export interface RollbackResult {
  readonly verdict: string;
  readonly run: string;
  readonly steps: number;
  readonly fingerprintEqual: boolean;
  /** Objects that others changed meanwhile. */
  readonly notes?: readonly string[];
}

const who = { by: z.string().trim().min(1), reason: z.string().trim().min(1) };
export const approveMessage = z.strictObject({
  gate: z.string().min(1),
  code: z.string().min(1),
  ...who,
  ...overrideFields,
});
export type ApproveMessage = z.infer<typeof approveMessage>;
export const decideMessage = z.strictObject({
  finding: z.string().min(1),
  do: z.enum(['quarantine', 'out_of_scope', 'accept', 'fire', 'disable', 'stop']),
  expect: z.strictObject({ rows: z.number().int().min(0), tolerance: z.number().int().min(0).optional() }).optional(),
  ...who,
});
export type DecideMessage = z.infer<typeof decideMessage>;
export const resolveMessage = z.strictObject({
  /** `orders:91`, one blocked batch; `capture`, a stopped capture; or `*`, all of them. */
  what: z.string().min(1),
  do: z.enum(['retry', 'quarantine', 'resync']),
  ...who,
});
export type ResolveMessage = z.infer<typeof resolveMessage>;
export const abortMessage = z.strictObject({ ...who, then: z.enum(['ask', 'rollback', 'keep']).optional() });
export type AbortMessage = z.infer<typeof abortMessage>;
export const pauseMessage = z.strictObject({ by: z.string().optional(), reason: z.string().optional() });
export type PauseMessage = z.infer<typeof pauseMessage>;

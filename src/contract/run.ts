import { z } from 'zod';
import { followStatus, freezeFacts, overrideFields } from './delta';

/** Names that cross process boundaries: run references, workflow inputs, updates, status, results. All zod, all versioned by field addition only. */

/** Where a run lives. `ledger` names a connection, it never is one: `env:CRM_URL` or `plan:crm`. */
export const runRef = z.object({
  run: z.string().min(1),
  ledger: z.string().min(1),
});
export type RunRef = z.infer<typeof runRef>;

export const phases = [
  'open',
  'discovery',
  'prepare',
  'freeze',
  'capture',
  'copy',
  'delta',
  'settle',
  'finish',
  'proof',
  'cutover',
  'done',
  'rollback',
] as const;
export type Phase = (typeof phases)[number];

export const runStates = [
  'running',
  'waiting',
  'paused',
  'blocked',
  'complete',
  'failed',
  'aborted',
  'rolled_back',
] as const;
export type RunState = (typeof runStates)[number];

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

export const runStatus = z.strictObject({
  run: z.string(),
  plan: z.string(),
  code: z.string(),
  phase: z.enum(phases),
  state: z.enum(runStates),
  /** One sentence: what it does or waits for. */
  sentence: z.string(),
  startedAt: z.string(),
  asOf: z.string(),
  tables: z.array(tableProgress),
  undecided: z.array(findingSummary),
  blocked: z.array(blockedBatch),
  /** Messages between the workflows of the run that could not be read: what they said is missing here. */
  alarms: z.array(z.string()).optional(),
  /** Work whose rows and bytes do not move, and what it waits for. */
  stalled: z.array(z.object({ what: z.string(), sentence: z.string() })).optional(),
  gate: z.string().nullable(),
  /** What may be approved at the gate, where that is more than the gate itself. */
  gates: z.array(z.string()).optional(),
  /** The target is open or being opened: nothing can be undone any more. */
  forward: z.boolean().optional(),
  children: z.array(z.strictObject({ kind: z.string(), workflowId: z.string() })),
  pattern: z.enum(['copy', 'hybrid', 'big_bang']).optional(),
  /** Present from the moment a run follows its source. */
  follow: followStatus.optional(),
});
export type RunStatus = z.infer<typeof runStatus>;

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

export const migrationResult = z.strictObject({
  /** First, because a closed run shows its result and nothing else. */
  verdict: z.string(),
  run: z.string(),
  plan: z.string(),
  code: z.string(),
  outcome: z.enum(['complete', 'checked']),
  reconciliation: z.array(tableReconciliation),
  /** False for a check that found something undecided; a run that is not green fails. */
  green: z.boolean(),
  /** Of a check: what needs a decision. */
  findings: z.array(findingSummary).optional(),
  /** Of a check that found something to decide: what to do about it. */
  next: z.array(z.string()).optional(),
  /** The freeze of a run that cut over. */
  freeze: freezeFacts.optional(),
  seconds: z.number(),
});
export type MigrationResult = z.infer<typeof migrationResult>;

export const rollbackInput = z.strictObject({
  run: z.string().min(1),
  ledger: z.string().min(1),
  by: z.string().min(1),
  reason: z.string().min(1),
  /** Steps that an execution before this one undid. */
  undone: z.number().int().optional(),
});
export type RollbackInput = z.infer<typeof rollbackInput>;

export const rollbackResult = z.strictObject({
  verdict: z.string(),
  run: z.string(),
  steps: z.number(),
  fingerprintEqual: z.boolean(),
  /** Objects that others changed meanwhile. */
  notes: z.array(z.string()).optional(),
});
export type RollbackResult = z.infer<typeof rollbackResult>;

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

import { z } from 'zod';
import { attemptLimits } from './delta';
import { tableReconciliation } from './run';

/**
 * The report of a run: its JSON form, and all that the HTML page shows. Names, counts, times and digests; never row values,
 * key values, urls or secrets. Fields are only ever added; `version` changes when one changes its meaning.
 */

const time = z.string();
const count = z.number();

const reportProof = z.strictObject({
  mapping: z.string(),
  /** In-scope source rows recomputed. */
  rows: count,
  /** Rows in scope that came (or, below 0, went) after their slice was proved, and were proved by key; null before the books are closed. */
  since: count.nullable(),
  identical: count,
  decided: count,
  mismatch: count,
  missing: count,
  extraneous: count,
  duplicate: count,
  unverifiable: count,
  slices: count,
  proved: count,
  /** Columns of the user's own SQL: executed again, not recomputed independently. */
  reexecuted: z.array(z.string()),
  /** HMAC-SHA256 under the run's secret over all expected and all actual rows, one a slice. */
  digests: z.array(z.strictObject({ slice: count, expected: z.string(), actual: z.string() })),
});

const reportBatches = z.strictObject({
  mapping: z.string(),
  batches: count,
  done: count,
  blocked: count,
  fast: count,
  careful: count,
  /** Attempts beyond the first of each batch. */
  retries: count,
  migrated: count,
  quarantined: count,
  outOfScope: count,
  bytes: count,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
  seconds: count.nullable(),
});

const reportFinding = z.strictObject({
  id: z.string(),
  mapping: z.string().nullable(),
  kind: z.string(),
  severity: z.enum(['decide', 'note']),
  rows: count,
  sentence: z.string(),
  /** What a decision may be. */
  choices: z.array(z.string()),
});

const reportDecision = z.strictObject({
  finding: z.string(),
  action: z.string(),
  by: z.string(),
  reason: z.string(),
  origin: z.enum(['plan', 'operator']),
  expected: count.nullable(),
  tolerance: count.nullable(),
  /** Rows in quarantine that this decision covers. */
  observed: count,
  asExpected: z.boolean(),
});

const reportQuarantine = z.strictObject({
  mapping: z.string(),
  class: z.enum(['quarantined', 'out_of_scope']),
  reason: z.string(),
  finding: z.string(),
  column: z.string().nullable(),
  sqlstate: z.string().nullable(),
  constraint: z.string().nullable(),
  rows: count,
});

export const reportDocument = z.strictObject({
  version: z.literal(1),
  run: z.string(),
  plan: z.string(),
  code: z.string(),
  digest: z.string(),
  engine: z.string(),
  ticket: z.string().nullable(),
  openedAt: time,
  closedAt: time.nullable(),
  seconds: count.nullable(),
  phase: z.string(),
  outcome: z.string().nullable(),
  sentence: z.string().nullable(),
  only: z.array(z.string()),
  sample: count.nullable(),
  verdict: z
    .strictObject({ green: z.boolean(), sentence: z.string(), problems: z.array(z.string()), reachedAt: time })
    .nullable(),
  reconciliation: z.array(tableReconciliation),
  proof: z.array(reportProof),
  differences: z.array(z.strictObject({ mapping: z.string(), class: z.string(), column: z.string(), rows: count })),
  checks: z.array(
    z.strictObject({
      kind: z.string(),
      name: z.string(),
      mapping: z.string().nullable(),
      broken: count,
      note: z.string(),
    }),
  ),
  phases: z.array(
    z.strictObject({ phase: z.string(), startedAt: time, finishedAt: time.nullable(), seconds: count.nullable() }),
  ),
  batches: z.array(reportBatches),
  blocked: z.array(z.strictObject({ batch: z.string(), attempts: count, why: z.string() })),
  findings: z.array(reportFinding),
  decisions: z.array(reportDecision),
  quarantine: z.array(reportQuarantine),
  /** What settle changed after the receipts. */
  adjustments: z.array(
    z.strictObject({
      mapping: z.string(),
      finding: z.string(),
      migrated: count,
      quarantined: count,
      outOfScope: count,
    }),
  ),
  /** What rounds that followed the sources brought; null where none did. */
  followed: z.strictObject({ rounds: count, keys: count }).nullable(),
  /** How each figure of the books comes about: receipts of the batches, what settling moved, what rounds changed. */
  origins: z.array(
    z.strictObject({
      mapping: z.string(),
      migrated: z.strictObject({ batches: count, settling: count, rounds: count, reconciliation: count }),
      quarantined: z.strictObject({ batches: count, settling: count, rounds: count, reconciliation: count }),
    }),
  ),
  /** Attempts at the cutover, drills among them, in their order; empty for a run without one. */
  cutovers: z.array(
    z.strictObject({
      at: time,
      drill: z.boolean(),
      by: z.string(),
      outcome: z.string(),
      freezeMs: count,
      lockAttempts: count,
      changedKeys: count,
      sentence: z.string(),
      /** Absent where no attempt was made, and for a freeze before the copy. */
      limits: attemptLimits.optional(),
    }),
  ),
  /** Who wrote to the sources, or tried to, before the freeze and after the switch. */
  writers: z.array(
    z.strictObject({
      moment: z.string(),
      source: z.string(),
      application: z.string(),
      user: z.string(),
      sessions: count,
    }),
  ),
  steps: z.array(z.strictObject({ kind: z.string(), subject: z.string(), state: z.string() })),
  events: z.array(
    z.strictObject({ seq: count, at: time, kind: z.string(), body: z.record(z.string(), z.json()), hash: z.string() }),
  ),
  /** Whether every event follows from the one before it. */
  chain: z.strictObject({ intact: z.boolean(), events: count, head: z.string() }),
});
export type ReportDocument = z.infer<typeof reportDocument>;

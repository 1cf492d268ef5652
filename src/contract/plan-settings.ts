import { z } from 'zod';

/** `settings`: tuning, people and hooks; nothing in here can change a row, so it lies outside the digest. */

const bytes = z.union([z.int().min(1), z.string().regex(/^\s*\d+(\.\d+)?\s*(B|kB|KiB|MB|MiB|GB|GiB)\s*$/)]);
const duration = z.union([z.int().min(0), z.string().regex(/^\s*\d+(\.\d+)?\s*(ms|s|min)\s*$/)]);

export const hookDocument = z
  .union([
    z.string().min(1),
    z.strictObject({ http: z.string().min(1).describe('Address that gets a POST with JSON; `${NAME}` is allowed.') }),
    z.strictObject({
      command: z.array(z.string()).min(1).describe('Program and arguments; gets JSON on its standard input.'),
    }),
  ])
  .describe('Who is told about blocked, gate, done and failed: an http address or a command.');

export const settingsDocument = z
  .strictObject({
    ticket: z.string().min(1).optional().describe('Change ticket, shown in reports.'),
    approvers: z
      .record(z.string().min(1), z.array(z.string().min(1)).min(1))
      .optional()
      .describe('Who may approve a gate: gate name to people. Without an entry anybody may.'),
    notify: hookDocument.optional(),
    gates: z
      .array(z.enum(['copy']))
      .optional()
      .describe('Gates that wait for `approve`; copy: before the first write.'),
    on_failure: z
      .enum(['ask', 'rollback', 'keep'])
      .optional()
      .describe('After an abort or a failure: ask, roll back, or keep what is there. Default: ask.'),
    batch: z
      .strictObject({
        rows: z.int().min(1).optional().describe('Rows a batch. Default: by bytes.'),
        bytes: bytes
          .optional()
          .describe('Size of a batch, in bytes or with a unit (kB, MB, GB of 1024). Default: 32 MiB.'),
        in_flight: z.int().min(1).max(64).optional().describe('Batches at the same time. Default: 4.'),
      })
      .optional()
      .describe('Tuning of the copy.'),
    proof: z
      .strictObject({
        slice_rows: z.int().min(1).optional().describe('Rows compared in one pass. Default: 5,000,000.'),
        work_mem: z
          .string()
          .regex(/^\d+(kB|MB|GB)$/)
          .optional()
          .describe('work_mem of the sessions that sort for the proof.'),
      })
      .optional()
      .describe('Tuning of the proof.'),
    sequence_margin: z.int().min(0).optional().describe('How far sequences end above the highest id. Default: 1000.'),
    lock_timeout: duration.optional().describe('How long a change of the target waits for a lock. Default: 5s.'),
    statement_timeout: duration.optional().describe('Limit of short statements. Default: 60s.'),
  })
  .describe('Tuning, people and hooks: outside the digest.');
export type SettingsDocument = z.infer<typeof settingsDocument>;

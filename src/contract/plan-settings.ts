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
  .describe('Where blocked, gate, done and failed are reported: an http address or a command.');

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
        rows: z.int().min(1).optional().describe('Rows per batch. Default: limited by bytes.'),
        bytes: bytes
          .optional()
          .describe('Size of a batch, in bytes or with a unit (kB, MB, GB of 1024). Default: 32 MiB.'),
        in_flight: z.int().min(1).max(64).optional().describe('Batches at the same time. Default: 4.'),
      })
      .optional()
      .describe('Tuning of the copy.'),
    profile: z
      .enum(['full'])
      .optional()
      .describe('full: discovery also stores statistics of every column that is read, one more pass over each table.'),
    proof: z
      .strictObject({
        max_snapshot_age: duration
          .optional()
          .describe('How old a snapshot of the live proof may get before it is aligned again. Default: 10min.'),
        slice_rows: z.int().min(1).optional().describe('Rows compared in one pass. Default: 5,000,000.'),
        work_mem: z
          .string()
          .regex(/^\d+(kB|MB|GB)$/)
          .optional()
          .describe('work_mem of the sessions that sort for the proof.'),
      })
      .optional()
      .describe('Tuning of the proof.'),
    pattern: z
      .enum(['hybrid', 'big_bang', 'copy'])
      .optional()
      .describe(
        'hybrid: copy, follow, short cutover (default with capture). big_bang: freeze the source first. copy: the source is quiet already (default without capture).',
      ),
    capture: z
      .strictObject({
        max_change_log: bytes
          .optional()
          .describe('Size of the change log on a source at which following stops. Default: 4 GiB.'),
        max_wal: bytes
          .optional()
          .describe('WAL a slot may hold back on a source before following stops. Default: 8 GiB.'),
        lock_timeout: duration
          .optional()
          .describe('How long creating or dropping a trigger may make writers of one table queue. Default: 300ms.'),
        lock_budget: duration
          .optional()
          .describe('How long a lock that was not obtained is tried again. Default: 5min.'),
      })
      .optional()
      .describe('How changes of the source are captured.'),
    delta: z
      .strictObject({
        round_keys: z
          .int()
          .min(1)
          .max(1_000_000)
          .optional()
          .describe('Maximum number of keys in one round. Default: 60,000.'),
        pause_between: duration.optional().describe('Pause between rounds when there is no backlog. Default: 500ms.'),
        throttle: z
          .strictObject({
            query: z.string().min(1).optional().describe('SQL for the sources that gives one number, such as a load.'),
            pause_above: z.number().optional().describe('Rounds wait while the number is above this.'),
            abort_above: z.number().optional().describe('Following stops when the number is above this.'),
            max_replica_lag: duration
              .optional()
              .describe('Rounds wait while a standby of the source is further behind.'),
            abort_replica_lag: duration
              .optional()
              .describe('Following stops when a standby of the source is further behind.'),
            max_lock_waits: z
              .int()
              .min(0)
              .optional()
              .describe('Rounds wait while more sessions of the source wait for locks.'),
            abort_lock_waits: z
              .int()
              .min(0)
              .optional()
              .describe('Following stops when more sessions of the source wait for locks.'),
          })
          .optional()
          .describe('When rounds pause.'),
      })
      .optional()
      .describe('Tuning of the delta.'),
    cutover: z
      .strictObject({
        max_freeze: duration.optional().describe('Writers are released when the freeze takes longer. Default: 5s.'),
        max_lag: duration.optional().describe('Lag above which no cutover begins. Default: 5s.'),
        max_proof_age: duration
          .optional()
          .describe('Maximum age of the full proof; an older one is repeated. Default: 60min.'),
        lock_timeout: duration.optional().describe('How long one attempt waits for the locks. Default: 500ms.'),
        lock_budget: duration.optional().describe('How long locks are tried again. Default: 2min.'),
        books: z
          .enum(['frozen', 'aligned'])
          .optional()
          .describe(
            'Both sides are counted in full before the freeze is committed: while writers wait (frozen, the default), or right before, with the keys that came and went since (aligned).',
          ),
        confirm_switch: z
          .boolean()
          .optional()
          .describe('Wait for `approve` of gate switch after the target was opened.'),
      })
      .optional()
      .describe('Limits of the cutover.'),
    switch: hookDocument
      .optional()
      .describe('Moves the application to the target, called once it is open: http or command.'),
    sequence_margin: z.int().min(0).optional().describe('How far sequences end above the highest id. Default: 1000.'),
    stall_after: duration
      .optional()
      .describe(
        'How long a batch, build or proof may not move before the page says what it waits for; nothing fails of it. Default: 5min.',
      ),
    lock_timeout: duration.optional().describe('How long a change of the target waits for a lock. Default: 5s.'),
    statement_timeout: duration.optional().describe('Limit of short statements. Default: 60s.'),
  })
  .describe('Tuning, people and hooks; not part of the digest.');

import type { CatalogueEntry } from './entry';

/** RP54xx: rounds that follow a source. */
export const deltaErrors = {
  RP5401: {
    title: 'Lease taken over',
    why: 'Another attempt, an aligned proof or the cutover follows the sources now; this attempt may not commit.',
    fix: 'Nothing: the other one goes on.',
    exit: 4,
  },
  RP5402: {
    title: 'Lease stopped',
    why: 'What captures the changes of a source is not what it was when the run began to follow it, so changes could be missed.',
    fix: 'Repair what the reason names, then resolve the stop: the tables concerned are read again.',
    exit: 4,
  },
  RP5403: {
    title: 'Lease closed',
    why: 'After the switch nothing is carried from the sources to the target any more.',
    fix: 'Nothing: the target is open.',
    exit: 4,
  },
  RP5404: {
    title: 'Lease is held by another session',
    why: 'The row of the lease in the ledger stayed locked, and the session that holds it could not be ended.',
    fix: 'Find the holder in pg_locks and end it; following goes on by itself.',
    exit: 4,
  },
  RP5405: {
    title: 'Connection lost while committing a round',
    why: 'The reply to COMMIT never came; the ledger was asked under the lease lock and the round did not commit.',
    fix: 'Nothing: the round is made again.',
    exit: 3,
  },
  RP5406: {
    title: 'Run does not follow its sources',
    why: 'No capture of changes was installed for this run, so there is no lease and no cursor.',
    fix: 'Follow only runs whose plan has a `capture`.',
    exit: 4,
  },
  RP5407: {
    title: 'Snapshots of both sides did not meet',
    why: 'An aligned look needs one round that leaves nothing behind; the sources changed faster than rounds could follow.',
    fix: 'Look at the lag; once it is small, this goes on by itself.',
    exit: 4,
  },
  RP5408: {
    title: 'Throttle asked to stop',
    why: 'The number that `delta.throttle.query` gives is above `abort_above`, a standby of the source further behind than `abort_replica_lag`, or more sessions wait for locks than `abort_lock_waits`.',
    fix: 'Relieve the source, then retry.',
    exit: 4,
  },
  RP5409: {
    title: 'Throttle query gives no number',
    why: '`delta.throttle.query` must give one row with one number on every source.',
    fix: 'Correct the query in the plan, or leave it out.',
    exit: 4,
  },
  RP5410: {
    title: 'Table rewritten while a round read it',
    why: 'After a TRUNCATE or a rewriting ALTER a table looks empty to snapshots that are older, so what was read does not count.',
    fix: 'Nothing: the round is made again with a new snapshot.',
    exit: 3,
  },
  RP5411: {
    title: 'Standbys not visible',
    why: '`delta.throttle.max_replica_lag` or `abort_replica_lag` is set, and the role of the source sees that there are standbys, but not how far they are.',
    fix: 'Grant pg_monitor (or pg_read_all_stats) to the role of the source connection, or leave both settings out.',
    exit: 4,
  },
  RP5440: {
    title: 'Rows outside the plan refer to rows that have to go',
    why: 'A table that the plan does not load has a foreign key to a mapped table, and rows of it refer to rows that the source deleted or changed.',
    fix: 'Take those rows away or point them elsewhere on the target; following goes on by itself.',
    exit: 4,
  },
  RP5441: {
    title: 'Target kept rows back',
    why: 'A trigger of the target kept rows from being changed or deleted, or somebody else changed them.',
    fix: 'Disable the trigger in the plan (decision `disable`), or undo the change made by others.',
    exit: 4,
  },
  RP5442: {
    title: 'Target refuses rows together',
    why: 'Rows that the target takes one by one are refused together by a trigger or a rule that is checked late.',
    fix: 'Look for triggers of these tables that compare rows with each other, and disable them in the plan.',
    exit: 4,
  },
  RP5443: {
    title: 'Row cannot be traced',
    why: 'A row has to leave the target because of a rule, but the snapshot of the source has no row that is loaded as it.',
    fix: 'Somebody wrote to the target, or this is a bug: compare the row with its source.',
    exit: 4,
  },
  RP5444: {
    title: 'Rounds went on while the target was settled',
    why: 'Settling takes away what the rules refuse; another process changed the target meanwhile, again and again.',
    fix: 'Make sure that only one workflow drives the run, then retry.',
    exit: 4,
  },
} as const satisfies Record<string, CatalogueEntry>;

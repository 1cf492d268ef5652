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
    why: 'The capture of a source changed since the run began to follow it, so changes could be missed.',
    fix: 'Repair what the reason names, then resolve the stop: the affected tables are read again.',
    exit: 4,
  },
  RP5403: {
    title: 'Lease closed',
    why: 'After the switch, changes of the sources are no longer applied to the target.',
    fix: 'Nothing: the target is open.',
    exit: 4,
  },
  RP5404: {
    title: 'Lease is held by another session',
    why: 'The row of the lease in the ledger stayed locked, and the session that holds the lock could not be ended.',
    fix: 'Find the holder in pg_locks and end it; following goes on by itself.',
    exit: 4,
  },
  RP5405: {
    title: 'Connection lost while committing a round',
    why: 'The reply to COMMIT never arrived; the ledger, read under the lease lock, shows that the round did not commit.',
    fix: 'Nothing: the round is repeated.',
    exit: 3,
  },
  RP5406: {
    title: 'Run does not follow its sources',
    why: 'No capture of changes was installed for this run, so there is no lease and no cursor.',
    fix: 'Follow only runs whose plan has a `capture`.',
    exit: 4,
  },
  RP5407: {
    title: 'Source and target could not be aligned',
    why: 'An alignment needs one round that leaves nothing behind; the sources changed faster than rounds could follow.',
    fix: 'Look at the lag; once it is small, this goes on by itself.',
    exit: 4,
  },
  RP5408: {
    title: 'Throttle asked to stop',
    why: '`delta.throttle.query` gives a number above `abort_above`, a standby of the source is further behind than `abort_replica_lag`, or more sessions wait for locks than `abort_lock_waits`.',
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
    why: 'After a TRUNCATE or a rewriting ALTER, older snapshots see the table as empty, so what the round read does not count.',
    fix: 'Nothing: the round is repeated with a new snapshot.',
    exit: 3,
  },
  RP5411: {
    title: 'Standbys not visible',
    why: '`delta.throttle.max_replica_lag` or `abort_replica_lag` is set, but the source role may not see how far the standbys are behind.',
    fix: 'Grant pg_monitor (or pg_read_all_stats) to the role of the source connection, or leave both settings out.',
    exit: 4,
  },
  RP5440: {
    title: 'Rows outside the plan refer to rows that must be deleted',
    why: 'A table that the plan does not load has a foreign key to a mapped table, and rows of it refer to rows that the source deleted or changed.',
    fix: 'Delete those rows on the target or point them elsewhere; following goes on by itself.',
    exit: 4,
  },
  RP5441: {
    title: 'Target prevented a change of rows',
    why: 'A trigger of the target prevented a change or deletion of rows, or somebody else changed them.',
    fix: 'Disable the trigger in the plan (decision `disable`), or undo the change made by others.',
    exit: 4,
  },
  RP5442: {
    title: 'Target refuses rows in combination',
    why: 'Rows that the target accepts one by one are refused together, by a trigger or by a rule that is checked late.',
    fix: 'Look for triggers of these tables that compare rows with each other, and disable them in the plan.',
    exit: 4,
  },
  RP5443: {
    title: 'Row cannot be traced to the source',
    why: 'A rule requires that a row leaves the target, but the snapshot of the source has no row that corresponds to it.',
    fix: 'Somebody wrote to the target, or this is a bug: compare the row with its source.',
    exit: 4,
  },
  RP5444: {
    title: 'Rounds went on while the target was settled',
    why: 'Settling removes rows that break the rules. Another process changed the target at the same time, repeatedly.',
    fix: 'Make sure that only one workflow drives the run, then retry.',
    exit: 4,
  },
} as const satisfies Record<string, CatalogueEntry>;

import type { CatalogueEntry } from './entry';

/** RP53xx: installing, watching and removing the capture of changes. */
export const captureErrors = {
  RP5301: {
    title: 'The source is a standby',
    why: 'A standby takes no writes: neither triggers nor a change log can be created there.',
    fix: 'Let the connection of the source point to its primary.',
    exit: 4,
  },
  RP5302: {
    title: 'Not allowed to create triggers on a source table',
    why: 'Triggers that fire for every session (ENABLE ALWAYS) can only be created by the owner of the table.',
    fix: 'Grant membership in the owning role to the role of the source connection, or connect as the owner.',
    exit: 4,
  },
  RP5303: {
    title: 'Changes of this relation cannot be captured',
    why: 'Only tables tell which of their rows change; views, materialized views, foreign and temporary tables do not.',
    fix: 'Map the table behind it, or leave the source quiet (`pattern: copy`) or frozen (`pattern: big_bang`).',
    exit: 2,
  },
  RP5304: {
    title: 'Row security hides rows of the source',
    why: 'Policies of the table apply to the role of the source connection, so it does not see every row.',
    fix: 'Grant BYPASSRLS to the role of the source connection, or connect as a role that policies do not apply to.',
    exit: 4,
  },
  RP5305: {
    title: 'A key column of the source is gone',
    why: 'Changes are captured by the source key of the plan, and that table does not have it any more.',
    fix: 'Correct the plan and start a new run.',
    exit: 4,
  },
  RP5306: {
    title: 'A mapped table of the source is gone',
    why: 'The table was there when the run was compiled: it was dropped or renamed since.',
    fix: 'Bring it back, or correct the plan and start a new run.',
    exit: 4,
  },
  RP5307: {
    title: 'Not allowed to create the change log',
    why: 'The change log lives in schema rowproof of the source, and this role may not create it.',
    fix: 'Grant CREATE on the database, or let an administrator create schema rowproof owned by this role.',
    exit: 4,
  },
  RP5308: {
    title: 'No lock to change the capture',
    why: 'A trigger needs a moment without writers on its table; waiting longer would make the application queue.',
    fix: 'End the transactions that are named, or raise `settings.capture.lock_budget`, then go on.',
    exit: 4,
  },
  RP5309: {
    title: 'The change log of the source is full',
    why: 'It reached `settings.capture.max_mark_bytes`, so the triggers were taken away before the disk of the source fills.',
    fix: 'Find out what keeps rounds from following, or raise the limit; then resync, which reads the tables again.',
    exit: 1,
  },
  RP5310: {
    title: 'The capture was taken away meanwhile',
    why: 'Objects of the change log vanished while triggers were created: a rollback or somebody else removed them.',
    fix: 'Look at the state of the run; roll back or start the capture again.',
    exit: 4,
  },
  RP5311: {
    title: 'This way of capturing is not there',
    why: 'The plan names a capture that this version does not have, or the run has none.',
    fix: 'Choose `triggers` or `logical` as `capture` of the plan.',
    exit: 2,
  },
  RP5350: {
    title: 'wal_level of the source is too low',
    why: 'Changes can be decoded from the write-ahead log only where `wal_level` is `logical`.',
    fix: 'Set `wal_level = logical` and restart the source, or choose `capture: triggers`.',
    exit: 4,
  },
  RP5351: {
    title: 'Not allowed to use replication slots',
    why: 'Creating and reading a slot needs the REPLICATION attribute.',
    fix: 'ALTER ROLE … REPLICATION (on managed services: grant their replication role), or choose `capture: triggers`.',
    exit: 4,
  },
  RP5352: {
    title: 'Not allowed to publish a source table',
    why: 'A publication needs CREATE on the database and ownership of every table in it.',
    fix: 'Grant both to the role of the source connection, or connect as the owner.',
    exit: 4,
  },
  RP5353: {
    title: 'No replication slot free on the source',
    why: 'Every slot that `max_replication_slots` allows is taken.',
    fix: 'Drop a slot that nobody needs, or raise `max_replication_slots` and restart the source.',
    exit: 4,
  },
  RP5354: {
    title: 'max_slot_wal_keep_size of the source is too small',
    why: 'The source would throw the slot away as soon as it falls behind a little, and with it changes that nobody has read.',
    fix: 'Raise `max_slot_wal_keep_size` on the source (a reload is enough), or set it to -1.',
    exit: 4,
  },
  RP5355: {
    title: 'Replica identity does not tell the key',
    why: 'Of an update or delete a slot tells only the replica identity of the old row; without the source key in it changes would be lost.',
    fix: 'Give the table a primary key, or set REPLICA IDENTITY USING INDEX or FULL; or choose `capture: triggers`.',
    exit: 4,
  },
  RP5356: {
    title: 'Changes of this relation cannot be read from a slot',
    why: 'Only permanent tables write what happens to them into the write-ahead log; views, foreign and unlogged tables do not.',
    fix: 'Map another table, or choose `capture: triggers` where that can follow it.',
    exit: 2,
  },
  RP5357: {
    title: 'The key cannot be followed by a slot',
    why: 'A slot tells keys only of stored columns, and which change of a key came last only where a constraint keeps the key unique.',
    fix: 'Declare a key that a primary key or unique constraint guarantees, or choose `capture: triggers`.',
    exit: 2,
  },
  RP5358: {
    title: 'Open transactions on the source hold up the slot',
    why: 'A slot begins where every transaction that was open has ended, on any database of the server.',
    fix: 'End the transactions that are named, or raise `settings.capture.lock_budget`, then go on.',
    exit: 4,
  },
  RP5360: {
    title: 'The slot is in use by somebody else',
    why: 'Only one session at a time can read or drop a slot, and one that is not ours, or that could not be ended, does.',
    fix: 'End that session; it goes on by itself.',
    exit: 4,
  },
  RP5361: {
    title: 'The slot cannot be followed any more',
    why: 'Changes may be missing from what the slot still has, so the run stops instead of going on with less.',
    fix: 'Look at what the sentence names, then resync: a new slot is made and the tables are read again whole.',
    exit: 1,
  },
  RP5362: {
    title: 'The slot held back too much WAL',
    why: 'It reached `settings.capture.max_wal_bytes`, so the slot was dropped before the disk of the source fills.',
    fix: 'Find out what holds it (often a transaction open for hours), or raise the limit; then resync, which reads the tables again.',
    exit: 1,
  },
  RP5363: {
    title: 'WAL of the source is not flushed',
    why: 'Changes can be decoded only from disk, and the source did not bring its newest ones there.',
    fix: 'Look at the disk of the source; it is tried again by itself.',
    exit: 3,
  },
} as const satisfies Record<string, CatalogueEntry>;

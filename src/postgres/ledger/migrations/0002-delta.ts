/** Ledger, version 2: following a source that is written to, proving it live, and the cutover. */
export const ledgerVersion2 = `
-- who may write to the target on behalf of the run: 'delta' (rounds), 'intake' (slot to pending); fenced as batches are
create table rowproof.apply_lease (
  run text not null references rowproof.run,
  lease text not null check (lease in ('delta', 'intake')),
  owner uuid,
  epoch bigint not null default 0,
  backend_pid int,
  backend_start timestamptz,
  -- closed: after the switch nobody owns it; stopped: capture is broken, see reason
  state text not null default 'open' check (state in ('open', 'stopped', 'closed')),
  reason text,
  -- whether rounds uphold unique and foreign keys: from settle on
  rules_on boolean not null default false,
  round bigint not null default 0,
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  primary key (run, lease)
);

-- up to which snapshot a source was applied; compare-and-set in the transaction that wrote the rows
create table rowproof.cursor (
  run text not null references rowproof.run,
  source text not null,
  -- text of pg_snapshot
  snapshot text not null,
  taken_at timestamptz not null default clock_timestamp(),
  -- what the capture stands on: trigger or slot names, system identifier, timeline, fingerprint of captured relations
  capture jsonb not null default '{}',
  confirmed_lsn text,
  primary key (run, source)
);

-- the tables with a row a key do without a foreign key to the run: it would be looked at for every row of every round;
-- deleteRun names them

-- keys that have to be read again; key null: the whole relation (TRUNCATE, resync)
create table rowproof.pending (
  run text not null,
  source text not null,
  relation int not null,
  key text,
  -- a transaction that touched the key, where only its visibility tells when to read (logical); null: read at once
  xid xid8,
  noted_at timestamptz not null default clock_timestamp()
);
-- a publication for all tables refuses deletes from a table without one
alter table rowproof.pending replica identity full;
create unique index pending_key on rowproof.pending (run, source, relation, key, coalesce(xid, '0'::xid8)) where key is not null;
-- each transaction counts by itself: a snapshot may see the first of two that touched a key, and not the second
create unique index pending_whole on rowproof.pending (run, source, relation, coalesce(xid, '0'::xid8)) where key is null;

-- one row a committed round: what it did, and the target transactions that did it
create table rowproof.round (
  run text not null references rowproof.run,
  round bigint not null,
  xids text[] not null,
  keys bigint not null,
  written bigint not null,
  deleted bigint not null,
  quarantined bigint not null,
  source_snapshots jsonb not null,
  started_at timestamptz not null,
  committed_at timestamptz not null default clock_timestamp(),
  primary key (run, round)
);

-- running totals of what rounds changed in the books, one row a mapping, signed
create table rowproof.delta_reconciliation (
  run text not null references rowproof.run,
  mapping text not null,
  migrated bigint not null default 0,
  quarantined bigint not null default 0,
  out_of_scope bigint not null default 0,
  primary key (run, mapping)
);

-- source key to target key, only for mappings whose target key cannot be computed from the source key
create table rowproof.provenance (
  run text not null,
  mapping text not null,
  source_key text not null,
  target_key text not null,
  primary key (run, mapping, source_key)
);
create index provenance_target on rowproof.provenance (run, mapping, target_key);

-- keys that rounds touched since the proof: what is proved again under the freeze
create table rowproof.touched (
  run text not null,
  mapping text not null,
  source_key text not null,
  round bigint not null,
  primary key (run, mapping, source_key)
) with (fillfactor = 70); -- most keys that are touched are touched again

-- target keys that left the target since the proof and have to be absent (or explained) under the freeze
create table rowproof.touched_target (
  run text not null,
  mapping text not null,
  target_key text not null,
  round bigint not null,
  primary key (run, mapping, target_key)
);

-- at which round a slice of the live proof was aligned
create table rowproof.proof_alignment (
  run text not null references rowproof.run,
  mapping text not null,
  slice int not null,
  slices int not null,
  round bigint not null,
  source_total bigint,
  source_out_of_scope bigint,
  aligned_at timestamptz not null default clock_timestamp(),
  primary key (run, mapping, slice)
);

-- what a mapped table consisted of when its proof began, or when its source was frozen: catalog rows and files
create table rowproof.table_identity (
  run text not null references rowproof.run,
  moment text not null check (moment in ('proved', 'frozen')),
  mapping text not null,
  items jsonb not null,
  taken_at timestamptz not null default clock_timestamp(),
  primary key (run, moment, mapping)
);

-- attempts at the cutover and drills
create table rowproof.cutover (
  run text not null references rowproof.run,
  attempt int not null,
  drill boolean not null,
  outcome text,
  freeze_ms bigint,
  lock_attempts int,
  changed_keys bigint,
  detail jsonb not null default '{}',
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  primary key (run, attempt)
);
`;

/** Ledger, version 1: schema rowproof on the target. Keys and original values stay in here; nothing here leaves it by default. */
export const ledgerVersion1 = `
create table rowproof.run (
  run text primary key,
  plan text not null,
  ordinal int not null,
  digest text not null,
  engine text not null,
  -- json, not jsonb: jsonb would reorder the keys of what was compiled
  compiled json not null,
  secret bytea not null,
  options jsonb not null default '{}',
  workflow_id text,
  execution_id text,
  phase text not null default 'open',
  outcome text,
  sentence text,
  opened_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  unique (plan, ordinal)
);

create table rowproof.claim (
  relation text primary key,
  run text not null references rowproof.run
);

create table rowproof.phase (
  run text not null references rowproof.run,
  phase text not null,
  started_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  primary key (run, phase)
);

create table rowproof.catalog (
  run text not null references rowproof.run,
  side text not null,
  document jsonb not null,
  read_at timestamptz not null default clock_timestamp(),
  primary key (run, side)
);

create table rowproof.profile (
  run text not null references rowproof.run,
  mapping text not null,
  total bigint not null,
  out_of_scope bigint not null,
  scope_unknown bigint not null,
  rejected bigint not null,
  columns jsonb not null,
  read_at timestamptz not null default clock_timestamp(),
  primary key (run, mapping)
);

create table rowproof.finding (
  run text not null references rowproof.run,
  id text not null,
  mapping text,
  column_name text,
  kind text not null,
  severity text not null check (severity in ('decide', 'note')),
  rows bigint not null,
  sentence text not null,
  choices text[] not null default '{}',
  detail jsonb not null default '{}',
  found_in text not null default 'discovery',
  primary key (run, id)
);

create table rowproof.decision (
  run text not null references rowproof.run,
  finding text not null,
  action text not null,
  expect_rows bigint,
  tolerance bigint,
  reason text not null,
  decided_by text not null,
  origin text not null check (origin in ('plan', 'operator')),
  decided_at timestamptz not null default clock_timestamp(),
  primary key (run, finding)
);

create table rowproof.fingerprint (
  run text not null references rowproof.run,
  moment text not null,
  digest text not null,
  document jsonb not null,
  taken_at timestamptz not null default clock_timestamp(),
  primary key (run, moment)
);

-- what was changed on the target, in order, with all that is needed to put it back
create table rowproof.step (
  run text not null references rowproof.run,
  ordinal int not null,
  kind text not null,
  subject text not null,
  detail jsonb not null,
  state text not null check (state in ('done', 'restored', 'compensated')),
  done_at timestamptz not null default clock_timestamp(),
  closed_at timestamptz,
  primary key (run, ordinal),
  unique (run, kind, subject)
);

create table rowproof.batch (
  run text not null references rowproof.run,
  mapping text not null,
  ordinal int not null,
  lower_key text,
  upper_key text,
  state text not null default 'pending' check (state in ('pending', 'running', 'done', 'blocked', 'revoked')),
  owner uuid,
  epoch bigint not null default 0,
  attempts int not null default 0,
  backend_pid int,
  backend_start timestamptz,
  path text,
  source_rows bigint,
  migrated bigint,
  quarantined bigint,
  out_of_scope bigint,
  bytes bigint,
  digest text,
  source_snapshot text,
  xids text[],
  failure jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  primary key (run, mapping, ordinal)
);

-- what settle changed after a receipt: receipts never change, books = receipts + adjustments
create table rowproof.adjustment (
  run text not null references rowproof.run,
  id bigint generated always as identity,
  mapping text not null,
  kind text not null,
  round int not null,
  finding text not null,
  migrated bigint not null default 0,
  quarantined bigint not null default 0,
  out_of_scope bigint not null default 0,
  made_at timestamptz not null default clock_timestamp(),
  primary key (run, id)
);

-- each mapping of a run under a number, which tables with a row for each key hold instead of two texts
create table rowproof.mapping (
  id int generated always as identity primary key,
  run text not null references rowproof.run,
  name text not null,
  unique (run, name)
);

-- what rows in quarantine have in common, once for a batch, an adjustment or all rounds; deleteRun names it
create table rowproof.quarantine_cause (
  mapping int not null,
  cause text collate "C" not null,
  class text not null check (class in ('quarantined', 'out_of_scope')),
  reason text not null,
  finding text not null,
  column_name text,
  transform text,
  sqlstate text,
  constraint_name text,
  -- every reason of the rows, as finding ids
  findings text[] not null default '{}',
  batch int,
  -- how many rows of the batch, which is part of its receipt; null of others, whose rows come and go
  rows bigint,
  adjustment bigint,
  noted_at timestamptz not null default clock_timestamp(),
  primary key (mapping, cause)
);

-- one row for each source row that could not be migrated, or that follows its parent: a partition a run, which gets a unique key on
-- (mapping, source_key) when the copy is over; until then the receipt of its batch keeps a row from being there twice
-- without foreign keys, which every row would pay for; deleteRun names it
create table rowproof.quarantined (
  mapping int not null,
  source_key text collate "C" not null,
  cause text collate "C" not null,
  -- text of the target columns that others refer to, where there are any and they can be computed
  refs jsonb
) partition by list (mapping);
-- a publication for all tables refuses deletes from a table without one
alter table rowproof.quarantined replica identity full;

create view rowproof.quarantine as
  select m.run, m.name as mapping, q.source_key, c.class, c.reason, c.finding, c.column_name, c.transform, c.sqlstate,
    c.constraint_name, c.findings, q.refs, c.batch, c.adjustment, c.noted_at
  from rowproof.mapping m
  join rowproof.quarantined q on q.mapping = m.id
  join rowproof.quarantine_cause c on c.mapping = q.mapping and c.cause = q.cause;

create table rowproof.proof (
  run text not null references rowproof.run,
  mapping text not null,
  slice int not null,
  slices int not null,
  expected bigint not null,
  actual bigint not null,
  identical bigint not null,
  decided bigint not null,
  mismatch bigint not null,
  missing bigint not null,
  extraneous bigint not null,
  duplicate bigint not null,
  unverifiable bigint not null,
  expected_digest text not null,
  actual_digest text not null,
  reexecuted_columns text[] not null default '{}',
  proved_at timestamptz not null default clock_timestamp(),
  primary key (run, mapping, slice)
);

create table rowproof.difference (
  run text not null references rowproof.run,
  mapping text not null,
  slice int not null,
  class text not null,
  key_digest text not null,
  column_name text not null default '',
  target_key text,
  primary key (run, mapping, slice, class, key_digest, column_name)
);

-- references, rules, spot checks, reconciliation: one row a check
create table rowproof.check_result (
  run text not null references rowproof.run,
  kind text not null,
  name text not null,
  mapping text,
  broken bigint not null,
  detail jsonb not null default '{}',
  -- under which a person may accept what is broken; null where nobody can
  finding text,
  checked_at timestamptz not null default clock_timestamp(),
  primary key (run, kind, name)
);

create table rowproof.verdict (
  run text primary key references rowproof.run,
  green boolean not null,
  sentence text not null,
  reconciliation jsonb not null,
  problems jsonb not null,
  reached_at timestamptz not null default clock_timestamp()
);

create table rowproof.event (
  run text not null references rowproof.run,
  seq bigint not null,
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  body jsonb not null,
  previous_hash text not null,
  hash text not null,
  primary key (run, seq)
);

-- the one table that finishing a run leaves behind
create table if not exists rowproof.id_map (
  run text not null,
  mapping text not null,
  source_key text not null,
  target_key text not null,
  primary key (run, mapping, source_key)
);
`;

/** The databases of a stress run: an old schema that clients write to, a new one that is filled, and the plan between them. */

/** Ids of client `c` lie from `c * ownRange` on: every key has one owner, so what must become of it is decidable. */
export const ownRange = 1_000_000_000;
/** Accounts from here on (within a range) have no children in the source: they are deleted and renumbered at will. */
export const leaves = 50_000_000;

export const sourceSchema = `
create table public.account (
  id bigint primary key, email text not null unique, name text, balance_cents bigint not null, note text, v bigint not null
);
create table public.transfer (
  account bigint not null references public.account on update cascade, seq integer not null, cents bigint not null, v bigint not null,
  primary key (account, seq)
);
create table public.tag (code text primary key, label text, v bigint not null);
create table public.node (
  id bigint primary key, parent bigint references public.node, account bigint references public.account on update cascade,
  slot bigint not null, v bigint not null, constraint node_slot unique (slot) deferrable initially immediate
);
create table public.event (
  id bigint not null, day date not null, account bigint not null references public.account on update cascade,
  kind text not null, payload text, v bigint not null, primary key (id, day)
) partition by range (day);
create table public.event_2024 partition of public.event for values from ('2024-01-01') to ('2025-01-01');
create table public.event_2025 partition of public.event for values from ('2025-01-01') to ('2026-01-01');
create table public.event_rest partition of public.event default;
create table public.side (id bigint primary key, val text, v bigint not null);
create table public.profile (
  id bigint primary key, account bigint not null references public.account on update cascade, handle text not null unique,
  bio text, v bigint not null
);
create table public.journal (client integer not null, txn bigint not null, primary key (client, txn));
create table public.member (id bigint primary key, email text, v bigint not null);
create table public.remark (id bigint primary key, account bigint, body text, v bigint not null);
`;

export const targetSchema = `
create schema app;
create table app.account (
  id bigint primary key, email text not null unique, full_name text, balance numeric(14, 2) not null, note text, v bigint not null
);
create index account_by_name on app.account (full_name);
create table app.transfer (
  id uuid primary key, account_id bigint not null references app.account, seq integer not null, amount numeric(14, 2) not null,
  v bigint not null, unique (account_id, seq)
);
create table app.tag (code text primary key, label text, v bigint not null);
create table app.node (
  id bigint primary key, parent_id bigint references app.node, account_id bigint references app.account,
  slot bigint not null unique, v bigint not null
);
create table app.event (
  id uuid primary key, legacy_id bigint not null, day date not null, account_id bigint not null references app.account,
  kind text not null, payload text, v bigint not null
);
create index event_by_legacy on app.event (legacy_id, day);
create table app.side (id bigint primary key, val text, v bigint not null);
create table app.profile (
  handle text primary key, legacy_id bigint not null unique, account_id bigint not null references app.account, bio text,
  v bigint not null
);
create table app.journal (client integer not null, txn bigint not null, primary key (client, txn));
create table app.member (id bigint primary key, email text unique, v bigint not null);
create table app.remark (id bigint primary key, account_id bigint references app.account, body text, v bigint not null);
`;

/** Rows that are there before the first client comes; their counter `v` is 0. */
export function firstRows(clients: number, scale: number): string {
  const each = (select: (base: string) => string): string =>
    `${select(`c.n::bigint * ${ownRange}`)} from generate_series(1, ${clients}) c(n)`;
  const rows = (count: number): string => `cross join generate_series(1, ${count}) r(i)`;
  const accounts = 150 * scale;
  return `
insert into public.account ${each((b) => `select ${b} + r.i, 'a' || (${b} + r.i) || '@x.test', ' Account ' || r.i, r.i * 10, repeat('n', r.i % 40), 0`)} ${rows(accounts)};
insert into public.account ${each((b) => `select ${b} + ${leaves} + r.i, 'l' || (${b} + r.i) || '@x.test', 'Leaf', r.i, null, 0`)} ${rows(accounts)};
insert into public.transfer ${each((b) => `select ${b} + 1 + r.i % ${accounts}, r.i, r.i * 7, 0`)} ${rows(300 * scale)};
insert into public.tag ${each(() => `select 'c' || c.n || '-' || case when r.i % 2 = 0 then 'Ab' else 'aB' end || r.i, 'tag ' || r.i, 0`)} ${rows(100 * scale)};
insert into public.node ${each((b) => `select ${b} + r.i, case when r.i > 10 then ${b} + r.i / 3 + 1 end, ${b} + 1 + r.i % ${accounts}, ${b} + r.i, 0`)} ${rows(200 * scale)};
insert into public.event ${each((b) => `select ${b} + r.i, date '2023-07-01' + r.i % 1000, ${b} + 1 + r.i % ${accounts}, case when r.i % 4 = 0 then 'noise' else 'sale' end, 'p' || r.i, 0`)} ${rows(500 * scale)};
insert into public.side select ${ownRange} + r.i, 's' || r.i, 0 from generate_series(1, ${200 * scale}) r(i);
insert into public.profile ${each((b) => `select ${b} + r.i, ${b} + 1 + r.i % ${accounts}, 'h' || (${b} + r.i), 'bio', 0`)} ${rows(100 * scale)};
insert into public.member ${each((b) => `select ${b} + r.i, case when r.i % 9 = 0 then 'SHARED' || r.i || '@x.test' else 'm' || (${b} + r.i) || '@x.test' end, 0`)} ${rows(60 * scale)};
insert into public.remark ${each((b) => `select ${b} + r.i, ${b} + ${leaves} + r.i * 3, 'remark', 0`)} ${rows(80 * scale)};
`;
}

export interface PlanOptions {
  readonly capture: 'triggers' | 'logical' | 'none';
  /** YAML, flow style, no braces. */
  readonly settings?: string;
  readonly batchRows?: number;
}

export function planText({ capture, settings = '', batchRows = 250 }: PlanOptions): string {
  const pattern = capture === 'none' ? 'big_bang' : 'hybrid';
  return `version: 1
name: stress
sources: { old: { url: "\${STRESS_SOURCE_URL}" } }
target: { url: "\${STRESS_TARGET_URL}" }
capture: ${capture}
defaults: { on_bad_row: quarantine, max_bad_rows: 100%, unmapped_source_columns: error }
tables:
  app.account:
    from: public.account
    columns: { id: id, email: email, full_name: { from: name, steps: [trim] }, balance: { from: balance_cents, steps: [{ scale: -2 }] }, note: note, v: v }
  app.transfer:
    from: public.transfer
    id: { uuid_from: [account, seq] }
    columns: { account_id: account, seq: seq, amount: { from: cents, steps: [{ scale: -2 }] }, v: v }
  app.tag: { from: public.tag, columns: "*" }
  app.node: { from: public.node, columns: { id: id, parent_id: parent, account_id: account, slot: slot, v: v } }
  app.event:
    from: public.event
    where: kind <> 'noise'
    id: { uuid_from: [id, day] }
    columns: { legacy_id: id, day: day, account_id: account, kind: kind, payload: payload, v: v }
  app.side: { from: public.side, columns: "*" }
  app.profile: { from: public.profile, columns: { handle: handle, legacy_id: id, account_id: account, bio: bio, v: v } }
  app.journal: { from: public.journal, columns: "*" }
  app.member: { from: public.member, columns: { id: id, email: { from: email, steps: [trim, lower] }, v: v } }
  app.remark: { from: public.remark, columns: { id: id, account_id: account, body: body, v: v } }
decisions:
  "*": { do: quarantine, because: stress, by: ana }
settings:
  on_failure: keep
  pattern: ${pattern}
  batch: { rows: ${batchRows}, in_flight: 3 }
${settings}`;
}

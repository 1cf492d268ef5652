import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { TestDatabase } from './postgres/postgres';
import { createDatabase } from './postgres/postgres';
import type { TestTemporal } from './temporal';
import { createWorkbench, eventually, type Workbench } from './workbench';

/**
 * Orders between two databases as ordinary roles, with a gate: while it is closed, batches that read order 1,500 or later wait
 * inside the source, so that a test can do to the run what it likes in the middle of the copy.
 */
export interface GatedBench extends Workbench {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Names that the plan has: table and role of the target's owner. */
  readonly owner: string;
  readonly plan: string;
  /** Writes the plan with these settings (YAML's flow style, no braces) and decisions. */
  writePlan(options?: GatedPlan): string;
  closeGate(): Promise<void>;
  openGate(): Promise<void>;
  /** Resolves when the copy has committed batches and others wait at the gate. */
  stuckAtGate(run: string): Promise<void>;
  /** Waits until RUN asks for approval of the copy, does `first`, and approves. */
  approveCopy(run: string, first?: () => Promise<void>): Promise<void>;
  /** What a run came to, without names and times of its own: equal after every course of it. */
  outcome(run: string): Promise<Outcome>;
}

export interface GatedPlan {
  readonly settings?: string;
  /** Lines of `decisions`, indented by two; null for none. */
  readonly decisions?: string | null;
  readonly name?: string;
}

export interface Outcome {
  readonly rows: string;
  readonly quarantine: string;
  readonly reconciliation: unknown;
  readonly proof: unknown;
  /** Rows that no receipt accounts for, or that two do. */
  readonly unreceipted: number;
  readonly batches: unknown;
}

const gatedRows = 3_000;
const lockOfGate = 1_500;

const sourceSchema = `
  create table public.customers (no integer primary key, name text);
  insert into public.customers select n, '  Customer ' || n from generate_series(1, 200) n;
  create table public.all_orders (no integer primary key, customer integer, ordered text, cents integer);
  insert into public.all_orders
    select n, case when n % 500 = 17 then 9000 + n else 1 + n % 200 end,
      case when n % 400 = 31 then '31/02/2020' else to_char(date '2020-01-01' + n % 700, 'DD/MM/YYYY') end, n * 10
    from generate_series(1, ${gatedRows}) n;
  create function public.gate(no integer) returns boolean language plpgsql as $$
  begin
    if no < ${lockOfGate} or no % 250 <> 0 then return true; end if;
    if current_setting('application_name') not like '% copy orders:%' then return true; end if;
    while not pg_catalog.pg_try_advisory_lock_shared(${lockOfGate}) loop perform pg_catalog.pg_sleep(0.05); end loop;
    return pg_catalog.pg_advisory_unlock_shared(${lockOfGate});
  end $$;
  create view public.orders as select * from public.all_orders where public.gate(no);`;

const targetSchema = `
  create schema shop;
  create table shop.customer (no integer primary key, name text not null);
  create table shop.orders (
    id uuid primary key, legacy_no integer not null unique, customer_no integer not null references shop.customer,
    ordered_on date not null, total numeric(12, 2) not null constraint total_positive check (total > 0)
  );
  create index orders_by_customer on shop.orders (customer_no);`;

const knownFaults = `  orders.ordered_on.bad_date: { do: quarantine, because: typed by hand, by: ana }
  orders.customer_no.orphan: { do: quarantine, because: erased customers, by: ana }`;

export function gatedPlan({ settings = '', decisions = knownFaults, name = 'shop' }: GatedPlan): string {
  return `version: 1
name: ${name}
sources: { old: "\${OLD_URL}" }
target: "\${NEW_URL}"
ignore_tables: [public.all_orders]
defaults: { max_bad_rows: 5% }
tables:
  shop.customer:
    from: public.customers
    id: { keep: no }
    columns: { name: { from: name, steps: [trim] } }
  shop.orders:
    from: public.orders
    key: [no]
    id: { uuid_from: no }
    columns:
      legacy_no: no
      customer_no: { from: customer, ref: shop.customer }
      ordered_on: { from: ordered, steps: [{ parse_date: [DD/MM/YYYY] }] }
      total: { from: cents, steps: [{ scale: -2 }] }
${decisions === null ? '' : `decisions:\n${decisions}\n`}settings: { batch: { rows: 250 }, on_failure: keep${settings === '' ? '' : `, ${settings}`} }
`;
}

/** As superuser: makes a login role with a password nobody has seen, and returns its url of a database. */
export async function ordinaryRole(database: TestDatabase, name: string, password: string): Promise<string> {
  await database.query(`do $$ begin
    if not exists (select from pg_roles where rolname = '${name}') then create role "${name}" login nosuperuser; end if;
  end $$`);
  await database.query(`alter role "${name}" password '${password}'`);
  const url = new URL(database.url);
  url.username = name;
  url.password = password;
  return url.toString();
}

export async function createGatedBench(
  temporal: TestTemporal | null,
  options: GatedPlan & { env?: Record<string, string>; password?: string } = {},
): Promise<GatedBench> {
  const id = randomBytes(4).toString('hex');
  const source = await createDatabase({ prefix: 'gated_old' });
  const target = await createDatabase({ prefix: 'gated_new' });
  const [reader, owner] = [`e2e_reader_${id}`, `e2e_owner_${id}`];
  const password = options.password ?? randomBytes(12).toString('hex');
  const urls = {
    OLD_URL: await ordinaryRole(source, reader, password),
    NEW_URL: await ordinaryRole(target, owner, password),
  };
  await source.query(`${sourceSchema}; grant select on all tables in schema public to "${reader}"`);
  await target.query(`grant create on database "${target.name}" to "${owner}"; set role "${owner}"; ${targetSchema}`);
  const bench = createWorkbench(temporal, { ...urls, ...options.env });
  const gate = new Client({ connectionString: source.url });
  gate.on('error', () => undefined);
  await gate.connect();
  const writePlan = (plan: GatedPlan = {}): string =>
    bench.write(`${plan.name ?? 'shop'}.yaml`, gatedPlan({ ...options, ...plan }));
  const count = async (sql: string, run: string): Promise<number> =>
    Number((await target.query<{ n: string }>(sql, [run]))[0]?.n ?? 0);
  return {
    ...bench,
    source,
    target,
    owner,
    plan: writePlan(),
    writePlan,
    closeGate: async () => void (await gate.query(`select pg_advisory_lock(${lockOfGate})`)),
    openGate: async () => void (await gate.query('select pg_advisory_unlock_all()')),
    stuckAtGate: (run) =>
      eventually(async () => {
        const ledger = await target.query(`select 1 where to_regclass('rowproof.batch') is not null`);
        if (ledger.length === 0) return false;
        const done = await count(`select count(*) as n from rowproof.batch where run = $1 and state = 'done'`, run);
        const waiting = await source.query(
          `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
        );
        return done >= 3 && waiting.length > 0;
      }).then(() => undefined),
    approveCopy: async (run, first) => {
      const { code } = await bench.until(run, ({ gate }) => gate === 'copy');
      await first?.();
      const signed = ['--by', 'ben', '--reason', 'ok'];
      const said = await bench.rowproof('approve', 'copy', '--run', run, '--code', code, ...signed);
      if (said.code !== 0) throw new Error(said.stderr);
    },
    outcome: (run) => outcomeOf(target, run),
    close: async () => {
      await gate.end();
      await bench.close();
      await target.query(`drop owned by "${owner}" cascade`);
      await source.query(`drop owned by "${reader}" cascade`);
      await target.query(`drop role "${owner}"`);
      await source.query(`drop role "${reader}"`);
      await source.drop();
      await target.drop();
    },
  };
}

async function outcomeOf(target: TestDatabase, run: string): Promise<Outcome> {
  const one = async <T>(sql: string, values: unknown[] = [run]): Promise<T> =>
    (await target.query<{ value: T }>(sql, values))[0]?.value as T;
  return {
    rows: await one(`select md5(string_agg(t::text, '|' order by id)) as value from shop.orders t`, []),
    quarantine: await one(
      `select md5(string_agg(format('%s %s %s %s', mapping, source_key, class, finding), '|' order by mapping, source_key collate "C")) as value
       from rowproof.quarantine where run = $1`,
    ),
    reconciliation: await one(`select reconciliation as value from rowproof.verdict where run = $1 and green`),
    proof: await one(
      `select json_agg(json_build_array(mapping, expected, actual, identical, mismatch, missing, extraneous) order by mapping, slice) as value
       from rowproof.proof where run = $1`,
    ),
    unreceipted: Number(
      await one(
        `select count(*) as value from shop.orders o where
         (select count(*) from rowproof.batch b where b.run = $1 and b.mapping = 'orders' and o.xmin::text = any (b.xids)) <> 1`,
      ),
    ),
    batches: await one(
      `select json_agg(json_build_array(mapping, ordinal, state, migrated, quarantined) order by mapping, ordinal) as value
       from rowproof.batch where run = $1`,
    ),
  };
}

import type { TestDatabase } from './postgres/postgres';
import { createDatabase } from './postgres/postgres';
import type { TestTemporal } from './temporal';
import { createWorkbench, type Workbench } from './workbench';

/** A few hundred rows of a small shop between two databases, on a bench: quick enough for a test to wait for every step. */
export interface ShopBench extends Workbench {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Writes plans/NAME.yaml. */
  plan(name: string, options?: ShopPlan): string;
}

export interface ShopPlan {
  /** Text of `settings`, in YAML's flow style without braces. */
  readonly settings?: string;
  /** Lines of `decisions`, indented by two. */
  readonly decisions?: string;
  /** none when not given. */
  readonly capture?: 'none' | 'triggers' | 'logical';
}

/** What the planted faults are called, with a decision for each. */
export const shopDecisions = `  customer.signed_up_on.bad_date: { do: quarantine, because: the old form took any text, by: ana }
  sales_order.customer_id.orphan: { do: quarantine, because: orders of erased customers, by: ana }`;

const legacy = `
  create table public.tbl_cust (cust_no integer primary key, cust_nm text not null, signup_dt text);
  create table public.tbl_order (order_id integer primary key, cust_no integer not null, total_cents integer);
  insert into public.tbl_cust
    select n, '  Customer ' || n || ' ', case when n % 100 = 7 then '31/02/2020' else '15/06/2021' end from generate_series(1, 300) n;
  insert into public.tbl_order
    select n, case when n % 200 = 9 then 900000 + n when n % 100 = 8 then 7 else 1 + n % 6 end, n * 100 from generate_series(1, 400) n;`;

const shop = `
  create schema shop;
  create table shop.customer (customer_no integer primary key, full_name text not null, signed_up_on date not null);
  create table shop.sales_order (
    order_no integer primary key,
    customer_id integer not null references shop.customer,
    total numeric(12, 2)
  );`;

function planText(name: string, { settings = 'on_failure: keep', decisions, capture = 'none' }: ShopPlan): string {
  return `version: 1
name: ${name}
sources: { legacy: { url: "\${SHOP_LEGACY_URL}" } }
target: { url: "\${SHOP_URL}" }
capture: ${capture}
defaults: { on_bad_row: quarantine, max_bad_rows: 5%, unmapped_source_columns: error }
tables:
  shop.customer:
    from: public.tbl_cust
    id: { keep: cust_no }
    columns:
      full_name: { from: cust_nm, steps: [trim] }
      signed_up_on: { from: signup_dt, steps: [{ parse_date: [DD/MM/YYYY] }] }
  shop.sales_order:
    from: public.tbl_order
    id: { keep: order_id }
    columns:
      customer_id: { from: cust_no, ref: shop.customer }
      total: { from: total_cents, steps: [{ scale: -2 }] }
${decisions === undefined ? '' : `decisions:\n${decisions}\n`}settings: { ${settings} }
`;
}

/** `servers`: superuser urls of others than the one of the tests; `through`: the way to the target, such as a proxy. */
export async function createShopBench(
  temporal: TestTemporal,
  servers: {
    readonly source?: string;
    readonly target?: string;
    readonly through?: (url: string) => Promise<string>;
  } = {},
): Promise<ShopBench> {
  const on = (server?: string) => (server === undefined ? {} : { server });
  const source = await createDatabase({ prefix: 'shop_legacy', ...on(servers.source) });
  const target = await createDatabase({ prefix: 'shop', ...on(servers.target) });
  await source.query(legacy);
  await target.query(shop);
  const bench = createWorkbench(temporal, {
    SHOP_LEGACY_URL: source.url,
    SHOP_URL: (await servers.through?.(target.url)) ?? target.url,
  });
  return {
    ...bench,
    source,
    target,
    plan: (name, options = {}) => bench.write(`${name}.yaml`, planText(name, options)),
    close: async () => {
      await bench.close();
      await source.drop();
      await target.drop();
    },
  };
}

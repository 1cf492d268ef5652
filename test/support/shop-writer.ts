import { Client } from 'pg';
import type { CountedTable } from './printed/report-sums';
import type { ShopBench } from './shop-bench';

/** An application that goes on writing to the shop's source: new, changed, moved and deleted orders, until it is stopped or refused. */
export interface ShopWriter {
  /** Statements that were acknowledged. */
  acknowledged(): number;
  /** The error code that ended it, null while it writes. */
  refusedWith(): string | null;
  stop(): Promise<void>;
}

/** `firstNew`: the first key of its own; a second writer takes others than the first. */
export async function startShopWriter(bench: ShopBench, firstNew = 100_000): Promise<ShopWriter> {
  const client = new Client({ connectionString: bench.source.url, application_name: 'shop' });
  client.on('error', () => undefined);
  await client.connect();
  let done = 0;
  let stopped = false;
  let refused: string | null = null;
  const statements = (n: number): string[] => [
    `insert into public.tbl_order values (${firstNew + n}, ${1 + (n % 6)}, ${n})`,
    `update public.tbl_order set total_cents = total_cents + 1 where order_id = ${1 + (n % 400)}`,
    `update public.tbl_order set order_id = order_id + 1000000 where order_id = ${firstNew + n - 3}`,
    `delete from public.tbl_order where order_id = ${firstNew + n - 5 + 1_000_000}`,
    `update public.tbl_cust set cust_nm = cust_nm || '.' where cust_no = ${1 + (n % 300)} and length(cust_nm) < 100`,
  ];
  const writing = (async () => {
    for (let n = 0; !stopped; n += 1) {
      try {
        await client.query(statements(Math.floor(n / 5))[n % 5] as string);
        done += 1;
      } catch (error) {
        refused = (error as { code?: string }).code ?? 'lost';
        return;
      }
      await new Promise((rest) => setTimeout(rest, 5));
    }
  })();
  return {
    acknowledged: () => done,
    refusedWith: () => refused,
    stop: async () => {
      stopped = true;
      await writing;
      await client.end().catch(() => undefined);
    },
  };
}

/** Orders and customers as SQL of this test computes them from the source, and as they are on the target; equal after a cutover. */
export async function bothSides(bench: ShopBench): Promise<{ expected: unknown[]; actual: unknown[] }> {
  const healthy = `select cust_no, trim(cust_nm) as name from public.tbl_cust where signup_dt = '15/06/2021'`;
  const expected = await bench.source.query(
    `select 'c' as kind, cust_no as no, name, null::text as total from (${healthy}) c
     union all
     select 'o', o.order_id, o.cust_no::text, (o.total_cents / 100.0)::numeric(12, 2)::text
     from public.tbl_order o join (${healthy}) c using (cust_no) order by 1, 2`,
  );
  const actual = await bench.target.query(
    `select 'c' as kind, customer_no as no, full_name as name, null::text as total from shop.customer
     union all
     select 'o', order_no, customer_id::text, total::text from shop.sales_order order by 1, 2`,
  );
  return { expected, actual };
}

/** Rows of both tables on both sides, counted now: a plan of the shop leaves nothing out of scope. */
export async function countedShop(bench: ShopBench): Promise<CountedTable[]> {
  const tables = [
    ['customer', 'public.tbl_cust', 'shop.customer'],
    ['sales_order', 'public.tbl_order', 'shop.sales_order'],
  ] as const;
  const count = async (database: ShopBench['source'], table: string): Promise<number> =>
    (await database.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n ?? NaN;
  return Promise.all(
    tables.map(async ([mapping, source, target]) => ({
      mapping,
      source: await count(bench.source, source),
      outOfScope: 0,
      target: await count(bench.target, target),
      rounds: (
        await bench.target.query<{ migrated: number; quarantined: number }>(
          'select migrated::int as migrated, quarantined::int as quarantined from rowproof.delta_reconciliation where mapping = $1',
          [mapping],
        )
      )[0] ?? { migrated: 0, quarantined: 0 },
    })),
  );
}

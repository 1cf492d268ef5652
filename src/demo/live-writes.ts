import { seeded, type Random } from './random';
import { givenNames, familyNames } from './words';

/** One statement of the application; values travel as text. */
export interface LiveStatement {
  readonly sql: string;
  readonly values: readonly (string | null)[];
}

/** What the application finds in the legacy database. */
export interface LivePlace {
  /** Customers 1 to this exist. */
  readonly customers: number;
  /** A product without a fault. */
  readonly product: string;
}

/** Numbers of what the application adds while the demo runs: far above everything generated. */
const firstLive = 10_000_000;

/**
 * Transactions of an application that goes on working during the demo, one after the other, the same for a seed. They add
 * customers and orders, change, renumber and delete them, swap unique addresses and close accounts, and change customers that
 * were there before. None of them adds a fault, so the truth manifest stays what it is.
 */
export function* liveWrites(seed: number, place: LivePlace): Generator<readonly LiveStatement[], never> {
  const { customers, product } = place;
  const random = seeded(seed ^ 0x11fe);
  const own: { readonly customer: number; closed: boolean; readonly lines: number }[] = [];
  for (let number = firstLive; ; number += 1) {
    const open = own.filter((one) => !one.closed);
    const pick = own.length < 5 ? 0 : random.below(10);
    if (pick < 3) {
      const lines = random.below(4);
      own.push({ customer: number, closed: false, lines });
      if (own.length > 500) own.shift();
      yield [customer(random, number), ...(lines === 0 ? [] : order(number, product, lines))];
    } else if (pick < 6) {
      yield [
        statement(
          `update public.tbl_cust set credit_lim_cents = $2::int, upd_ts = upd_ts + interval '1 millisecond' where cust_no = $1::int`,
          String(1 + random.below(customers)),
          String(random.below(500_000)),
        ),
      ];
    } else if (pick === 6) {
      const one = random.pick(own);
      if (one.lines === 0) continue;
      yield [
        statement(
          'update public.tbl_order_line set line_no = line_no + 10 where order_id = $1::int',
          String(one.customer),
        ),
        statement('delete from public.tbl_order_line where order_id = $1::int and line_no > 30', String(one.customer)),
      ];
    } else if (pick === 7 && open.length > 1) {
      const [a, b] = [random.pick(open), random.pick(open)];
      yield [
        statement(
          `update public.tbl_cust c set e_mail = o.e_mail from public.tbl_cust o
           where c.cust_no in ($1::int, $2::int) and o.cust_no in ($1::int, $2::int) and c.cust_no <> o.cust_no`,
          String(a.customer),
          String(b.customer),
        ),
      ];
    } else if (pick === 8) {
      const childless = open.filter((one) => one.lines === 0);
      if (childless.length === 0) continue;
      const one = random.pick(childless);
      one.closed = true;
      yield [statement(`update public.tbl_cust set del_flag = 'Y' where cust_no = $1::int`, String(one.customer))];
    } else {
      yield [
        statement(
          `update public.tbl_cust set notes = 'called ' || $2::text where cust_no = $1::int`,
          String(random.pick(own).customer),
          String(number),
        ),
      ];
    }
  }
}

function customer(random: Random, number: number): LiveStatement {
  return statement(
    `insert into public.tbl_cust (cust_no, cust_nm, e_mail, stat, signup_dt, credit_lim_cents, upd_ts)
     values ($1::int, $2, $3, 'A', '2026-02-03', $4::int, '2026-02-03 10:11:12.131415')`,
    String(number),
    `${random.pick(givenNames)} ${random.pick(familyNames)}`,
    `Live${number}@Example.com`,
    String(random.below(100_000)),
  );
}

function order(number: number, product: string, lines: number): LiveStatement[] {
  return [
    statement(
      `insert into public.tbl_order (order_id, cust_no, order_dt, stat) values ($1::int, $1::int, '03/02/2026', 'open')`,
      String(number),
    ),
    statement(
      `insert into public.tbl_order_line (order_id, line_no, prod_cd, qty, unit_cents, disc_pct)
       select $1::int, n, $3, '3', 995, '12,5' from generate_series(1, $2::int) n`,
      String(number),
      String(lines),
      product,
    ),
  ];
}

function statement(sql: string, ...values: (string | null)[]): LiveStatement {
  return { sql, values };
}

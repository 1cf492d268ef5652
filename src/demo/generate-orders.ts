import { someDay, typed } from './dates';
import type { TruthManifest } from './row-outcomes';
import type { Random } from './random';
import { states } from './words';
import type { LegacyRow } from './legacy-row';

const spellings = [
  ['O', 'open', 'Open '],
  ['S', 'shipped', 'SHIPPED'],
  ['C', 'cancelled', 'Canceled'],
] as const;

/** Orders: some of nobody, some of customers that are not migrated, some replacing an order that is not. */
export function* orders(
  random: Random,
  count: number,
  customerCount: number,
  manifest: TruthManifest,
): Generator<LegacyRow> {
  for (let id = 1; id <= count; id += 1) {
    const key = [String(id)];
    const row: Record<string, string | null> = {
      order_id: key[0] as string,
      cust_no: String(1 + random.below(customerCount)),
      order_dt: typed(random, someDay(random, 2005, 18)),
      stat: random.pick(random.pick(spellings)),
      ship_state: random.oneIn(6) ? null : random.pick(random.pick(states)),
      replaces_id: id > 100 && random.oneIn(25) ? String(1 + random.below(id - 1)) : null,
    };
    const plant = (column: string, kind: string): void =>
      manifest.plant('tbl_order', key, 'quarantined', `sales_order.${column}.${kind}`);
    if (random.oneIn(300)) {
      row['order_dt'] = random.pick(['30/02/2011', 'n/a', '0000-00-00']);
      plant('ordered_on', 'bad_date');
    } else if (random.oneIn(250)) {
      row['cust_no'] = String(customerCount + 1 + random.below(5000));
      row['replaces_id'] = null;
      plant('customer_id', 'orphan');
    } else if (manifest.follow('tbl_order', key, 'customer_id', 'tbl_cust', [row['cust_no'] as string])) {
      row['replaces_id'] = null; // one reason a row
    } else if (row['replaces_id'] !== null) {
      manifest.follow('tbl_order', key, 'replaces_id', 'tbl_order', [row['replaces_id'] as string]);
    }
    yield { table: 'tbl_order', row };
  }
}

/** One to three lines an order, keyed by order and line. */
export function* orderLines(
  random: Random,
  count: number,
  orderCount: number,
  productCount: number,
  manifest: TruthManifest,
): Generator<LegacyRow> {
  for (let made = 0, order = 1; made < count; order = (order % orderCount) + 1) {
    const round = Math.floor(made / orderCount);
    const key = [String(order), String(round + 1)];
    const row: Record<string, string | null> = {
      order_id: key[0] as string,
      line_no: key[1] as string,
      prod_cd: productCode(1 + random.below(productCount)),
      qty: `${random.oneIn(5) ? ' ' : ''}${1 + random.below(20)}`,
      unit_cents: String(100 + random.below(90_000)),
      disc_pct: random.pick([null, '', '0', '5', '12,5']),
    };
    if (random.oneIn(900)) {
      row['qty'] = random.pick(['two', '1.5', '9999999999']);
      manifest.plant(
        'tbl_order_line',
        key,
        'quarantined',
        `order_line.quantity.${row['qty'] === '9999999999' ? 'out_of_range' : 'cast_integer'}`,
      );
    } else if (manifest.follow('tbl_order_line', key, 'order_id', 'tbl_order', [key[0] as string])) {
      row['prod_cd'] = soundProduct(productCount, manifest);
    } else {
      manifest.follow('tbl_order_line', key, 'sku', 'tbl_prod', [row['prod_cd'] as string]);
    }
    made += 1;
    yield { table: 'tbl_order_line', row };
  }
}

/** A product that is migrated, so that a line that follows its order has that one reason. */
export function soundProduct(productCount: number, manifest: TruthManifest): string {
  for (let number = 1; number <= productCount; number += 1) {
    if (manifest.outcomeOf('tbl_prod', [productCode(number)]) === 'migrated') return productCode(number);
  }
  return productCode(1);
}

export function productCode(number: number): string {
  return `P-${String(number).padStart(5, '0')}`;
}

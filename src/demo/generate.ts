import type { TruthManifest } from './row-outcomes';
import { customers } from './generate-customers';
import { orderLines, orders } from './generate-orders';
import { contacts, invoices, payments, products } from './generate-others';
import type { LegacyTable } from './legacy-schema';
import { seeded } from './random';
import type { LegacyRow } from './legacy-row';

/** Rows of each legacy table for about `rows` rows in all. */
export function legacyCounts(rows: number): Readonly<Record<LegacyTable, number>> {
  const share = (percent: number): number => Math.max(200, Math.ceil((rows * percent) / 100));
  return {
    tbl_cust: share(9),
    tbl_prod: share(1),
    tbl_contact: share(11),
    tbl_order: share(19),
    tbl_order_line: share(30),
    tbl_invoice: share(15),
    tbl_payment: share(15),
  };
}

/** Yields the whole legacy database in load order; after the last row the manifest is complete. */
export function* generateLegacy(seed: number, rows: number, manifest: TruthManifest): Generator<LegacyRow> {
  const random = seeded(seed);
  const counts = legacyCounts(rows);
  yield* customers(random, counts.tbl_cust, manifest);
  yield* products(random, counts.tbl_prod, manifest);
  yield* contacts(random, counts.tbl_contact, counts.tbl_cust, manifest);
  yield* orders(random, counts.tbl_order, counts.tbl_cust, manifest);
  yield* orderLines(random, counts.tbl_order_line, counts.tbl_order, counts.tbl_prod, manifest);
  yield* invoices(random, counts.tbl_invoice, counts.tbl_order, manifest);
  yield* payments(random, counts.tbl_payment, counts.tbl_invoice, manifest);
}

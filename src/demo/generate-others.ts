import { iso, someDay, typed } from './dates';
import type { TruthManifest } from './row-outcomes';
import { productCode } from './generate-orders';
import type { Random } from './random';
import { brands, familyNames, givenNames, things } from './words';
import type { LegacyRow } from './legacy-row';

export function* products(random: Random, count: number, manifest: TruthManifest): Generator<LegacyRow> {
  for (let number = 1; number <= count; number += 1) {
    const key = [productCode(number)];
    const row: Record<string, string | null> = {
      prod_cd: key[0] as string,
      brand: random.pick(brands),
      descr: `${random.pick(things)} ${number}`,
      price: `${random.oneIn(3) ? '1.' : ''}${100 + random.below(900)},${String(random.below(100)).padStart(2, '0')}`,
      wt_g: random.oneIn(8) ? null : String(10 + random.below(50_000)),
      active: random.pick(['Y', 'yes', 'N', 'no', '1', '0', 'true']),
    };
    if (random.oneIn(150)) {
      row['price'] = random.pick(['on request', '12,345,6', '€ 5']);
      manifest.plant('tbl_prod', key, 'quarantined', 'product.price.bad_number');
    } else if (random.oneIn(200)) {
      row['descr'] = 'very '.repeat(14) + number;
      manifest.plant('tbl_prod', key, 'quarantined', 'product.name.too_long');
    }
    yield { table: 'tbl_prod', row };
  }
}

/** Contacts; a few people born in 1850, whom only a CHECK of the target refuses. */
export function* contacts(
  random: Random,
  count: number,
  customerCount: number,
  manifest: TruthManifest,
): Generator<LegacyRow> {
  for (let id = 1; id <= count; id += 1) {
    const key = [String(id)];
    const row: Record<string, string | null> = {
      contact_id: key[0] as string,
      cust_no: String(1 + random.below(customerCount)),
      contact_nm: `${random.pick(familyNames)}, ${random.pick(givenNames)}`,
      e_mail: random.oneIn(4) ? 'N/A' : `Contact${id}@Example.COM `,
      birth_dt: random.oneIn(6) ? null : iso(someDay(random, 1940, 60)),
    };
    if (id % 5 === 0 && id < 120) {
      row['birth_dt'] = '1850-06-01';
      manifest.plant('tbl_contact', key, 'quarantined', 'contact.born_after_1900.check');
    } else if (random.oneIn(400)) {
      row['contact_nm'] = random.pick(['Madonna', ', Nobody']);
      manifest.plant(
        'tbl_contact',
        key,
        'quarantined',
        row['contact_nm'] === 'Madonna' ? 'contact.given_name.not_null' : 'contact.family_name.not_null',
      );
    } else if (random.oneIn(300)) {
      row['cust_no'] = String(customerCount + 1 + random.below(900));
      manifest.plant('tbl_contact', key, 'quarantined', 'contact.customer_id.orphan');
    } else {
      manifest.follow('tbl_contact', key, 'customer_id', 'tbl_cust', [row['cust_no'] as string]);
    }
    yield { table: 'tbl_contact', row };
  }
}

export function* invoices(
  random: Random,
  count: number,
  orderCount: number,
  manifest: TruthManifest,
): Generator<LegacyRow> {
  for (let number = 1; number <= count; number += 1) {
    const key = [invoiceNumber(number)];
    const order = 1 + (number % orderCount);
    const row: Record<string, string | null> = {
      inv_no: key[0] as string,
      order_id: String(order),
      inv_dt: typed(random, someDay(random, 2005, 18)),
      total_cents: String(random.below(10_000_000)),
      paid: random.pick(['Y', 'N', 'yes', 'no', null]),
    };
    if (random.oneIn(500)) {
      row['total_cents'] = null;
      manifest.plant('tbl_invoice', key, 'quarantined', 'invoice.total.not_null');
    } else manifest.follow('tbl_invoice', key, 'order_id', 'tbl_order', [String(order)]);
    yield { table: 'tbl_invoice', row };
  }
}

export function* payments(
  random: Random,
  count: number,
  invoiceCount: number,
  manifest: TruthManifest,
): Generator<LegacyRow> {
  for (let number = 1; number <= count; number += 1) {
    const key = [uuid(random)];
    const invoice = 1 + random.below(invoiceCount);
    const row: Record<string, string | null> = {
      pay_id: key[0] as string,
      inv_no: invoiceNumber(invoice),
      amount: `${random.below(100_000)}.${String(random.below(100)).padStart(2, '0')}`,
      paid_on: random.oneIn(20) ? '' : typed(random, someDay(random, 2006, 18)),
      method: random.pick(['C', 'card', 'CARD', 'T', 'transfer', 'cash']),
    };
    if (random.oneIn(450)) {
      row['method'] = random.pick(['barter', 'cheque']);
      manifest.plant('tbl_payment', key, 'quarantined', 'payment.method.unknown_value');
    } else if (random.oneIn(450)) {
      row['inv_no'] = `X-${number}`;
      manifest.plant('tbl_payment', key, 'quarantined', 'payment.invoice_number.orphan');
    } else manifest.follow('tbl_payment', key, 'invoice_number', 'tbl_invoice', [invoiceNumber(invoice)]);
    yield { table: 'tbl_payment', row };
  }
}

function invoiceNumber(number: number): string {
  return `INV/${String(number).padStart(6, '0')}`;
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 8 }, () => random.below(65_536).toString(16).padStart(4, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

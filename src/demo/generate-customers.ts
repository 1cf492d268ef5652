import { someDay, typed, iso } from './dates';
import type { TruthManifest } from './row-outcomes';
import type { Random } from './random';
import { familyNames, givenNames, notes, states } from './words';
import type { LegacyRow } from './legacy-row';

const active = ['A', 'active', 'ACTIVE '] as const;
const inactive = ['I', 'inactive', ' Inactive'] as const;
const closed = ['X', 'closed', 'CLOSED'] as const;

/** Customers 1 to `count`; every fault is planted in a row of its own, so that the manifest has one reason a row. */
export function* customers(random: Random, count: number, manifest: TruthManifest): Generator<LegacyRow> {
  // customers with an address who are certainly migrated: what later duplicates repeat
  const originals: number[] = [];
  for (let number = 1; number <= count; number += 1) {
    const key = [String(number)];
    const given = random.pick(givenNames);
    const family = random.pick(familyNames);
    const row: Record<string, string | null> = {
      cust_no: String(number),
      cust_nm: `${random.oneIn(3) ? '  ' : ''}${given} ${random.oneIn(5) ? '  ' : ''}${family}${random.oneIn(4) ? ' ' : ''}`,
      e_mail: email(random, number),
      phone: random.pick([null, '', `555-${1000 + random.below(9000)}`]),
      state_cd: state(random),
      stat: random.pick(random.pick([active, active, inactive, closed])),
      signup_dt: random.oneIn(12) ? random.pick([null, '', 'N/A']) : typed(random, someDay(random, 1998, 25)),
      credit_lim_cents: String(random.below(5_000_00)),
      del_flag: number > 10 && random.oneIn(40) ? 'Y' : random.pick(['N', null]),
      fax_no: random.oneIn(5) ? '555-0000' : null,
      notes: random.pick(notes),
      upd_ts: `${iso(someDay(random, 2015, 10))} ${String(random.below(24)).padStart(2, '0')}:15:30.${random.below(900) + 100}`,
    };
    if (row['del_flag'] === 'Y') manifest.plant('tbl_cust', key, 'out_of_scope', 'where');
    else if (number > count / 10 && random.oneIn(90)) spoil(random, row, key, number, originals, manifest);
    else if (number <= count / 10 && row['e_mail']?.includes('@') === true) originals.push(number);
    yield { table: 'tbl_cust', row };
  }
}

function spoil(
  random: Random,
  row: Record<string, string | null>,
  key: string[],
  number: number,
  originals: readonly number[],
  manifest: TruthManifest,
): void {
  const plant = (column: string, kind: string): void =>
    manifest.plant('tbl_cust', key, 'quarantined', `customer.${column}.${kind}`);
  switch (random.below(6)) {
    case 0:
      row['signup_dt'] = random.pick(['31/02/2019', '2019-13-01', 'last spring', '99/99/9999']);
      return plant('signed_up_on', 'bad_date');
    case 1:
      row['stat'] = random.pick(['Z', '??', 'deleted']);
      return plant('status', 'unknown_value');
    case 2:
      row['cust_nm'] = null;
      return plant('full_name', 'not_null');
    case 3:
      row['e_mail'] = `${'x'.repeat(50)}${number}@example.com`;
      return plant('email', 'too_long');
    case 4:
      row['state_cd'] = random.pick(['Atlantis', 'ZZ']);
      return plant('region', 'unknown_state');
    default:
      row['e_mail'] = ` User${random.pick(originals)}@Example.com`;
      return plant('email', 'unique');
  }
}

function email(random: Random, number: number): string | null {
  if (number > 10 && random.oneIn(30)) return random.pick([null, '', 'n/a', 'N/A']);
  const plain = `user${number}@example.com`;
  return random.pick([plain, ` ${plain} `, plain.toUpperCase(), `User${number}@Example.com`]);
}

function state(random: Random): string | null {
  if (random.oneIn(15)) return random.pick([null, '']);
  return random.pick(random.pick(states));
}

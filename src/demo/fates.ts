import { keyText } from '../contract/key';
import type { LegacyTable } from './legacy-schema';

/** What becomes of a row that is not migrated: the reason that rowproof must come to by itself. */
export interface PlantedRow {
  readonly table: LegacyTable;
  /** Canonical key text, as the ledger keeps it. */
  readonly key: string;
  readonly class: 'quarantined' | 'out_of_scope';
  /** Finding id, `where` for rows that the plan's condition leaves out. */
  readonly finding: string;
}

export type Fate = 'migrated' | 'quarantined' | 'out_of_scope';

/** The truth manifest: every row that was planted with a fault, and every row that must follow one. */
export class TruthManifest {
  readonly planted: PlantedRow[] = [];
  private readonly fates = new Map<string, Fate>();

  plant(table: LegacyTable, key: readonly string[], kind: Exclude<Fate, 'migrated'>, finding: string): void {
    const text = keyText(key);
    this.planted.push({ table, key: text, class: kind, finding });
    this.fates.set(`${table} ${text}`, kind);
  }

  fateOf(table: LegacyTable, key: readonly string[]): Fate {
    return this.fates.get(`${table} ${keyText(key)}`) ?? 'migrated';
  }

  /** Lets a row follow its parent when that one is not migrated; true when it does. */
  follow(
    child: LegacyTable,
    key: readonly string[],
    column: string,
    parent: LegacyTable,
    parentKey: readonly string[],
  ): boolean {
    const fate = this.fateOf(parent, parentKey);
    if (fate === 'migrated') return false;
    const mapping = mappingOf[child];
    const kind = fate === 'out_of_scope' ? 'parent_out_of_scope' : 'parent_quarantined';
    this.plant(child, key, fate, `${mapping}.${column}.${kind}`);
    return true;
  }
}

/** Mapping of the demo's plan for each legacy table. */
export const mappingOf: Readonly<Record<LegacyTable, string>> = {
  tbl_cust: 'customer',
  tbl_contact: 'contact',
  tbl_prod: 'product',
  tbl_order: 'sales_order',
  tbl_order_line: 'order_line',
  tbl_invoice: 'invoice',
  tbl_payment: 'payment',
};

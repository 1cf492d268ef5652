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

export type Outcome = 'migrated' | 'quarantined' | 'out_of_scope';

/** The truth manifest: every row that was planted with a fault, and every row that must follow one. */
export class TruthManifest {
  readonly planted: PlantedRow[] = [];
  private readonly outcomes = new Map<string, Outcome>();

  plant(table: LegacyTable, key: readonly string[], kind: Exclude<Outcome, 'migrated'>, finding: string): void {
    const text = keyText(key);
    this.planted.push({ table, key: text, class: kind, finding });
    this.outcomes.set(`${table} ${text}`, kind);
  }

  outcomeOf(table: LegacyTable, key: readonly string[]): Outcome {
    return this.outcomes.get(`${table} ${keyText(key)}`) ?? 'migrated';
  }

  /** Lets a row follow its parent when that one is not migrated; true when it does. */
  follow(
    child: LegacyTable,
    key: readonly string[],
    column: string,
    parent: LegacyTable,
    parentKey: readonly string[],
  ): boolean {
    const outcome = this.outcomeOf(parent, parentKey);
    if (outcome === 'migrated') return false;
    const mapping = mappingOf[child];
    const kind = outcome === 'out_of_scope' ? 'parent_out_of_scope' : 'parent_quarantined';
    this.plant(child, key, outcome, `${mapping}.${column}.${kind}`);
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

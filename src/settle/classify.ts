import type { CompiledMapping } from '../contract/compiled';
import type { IndexDetail } from '../rollback/step-detail';
import type { OwnForeignKey } from './settle-order';

/** The finding that a decision names for rows which repeat a unique key. */
export function uniqueFinding(unique: IndexDetail, mapping: CompiledMapping): string {
  const spec = mapping.uniques.find((one) => one.name === unique.root.index.name);
  if (spec !== undefined) return spec.finding;
  const plain = unique.predicate === null && unique.columns.every((name) => name !== null);
  return `${mapping.name}.${plain ? unique.columns.join('+') : unique.root.index.name}.unique`;
}

export interface OrphanRule {
  readonly mapping: string;
  readonly columns: string;
  readonly orphan: string;
  readonly parentOutOfScope: 'out_of_scope' | 'quarantine';
}

export function orphanRule(key: OwnForeignKey, mapping: CompiledMapping): OrphanRule {
  const spec = mapping.references.find((one) => one.constraint === key.name);
  const columns = key.columns.join('+');
  return {
    mapping: mapping.name,
    columns,
    orphan: spec?.finding ?? `${mapping.name}.${columns}.orphan`,
    parentOutOfScope: spec?.parentOutOfScope ?? 'out_of_scope',
  };
}

/**
 * Why a row whose parent is not in the target leaves it, and where it is booked: it follows its parent, or it has none. A
 * parent in quarantine counts before one out of scope: the row would be in the target if the parent were mended.
 */
export function classifyOrphan(
  rule: OrphanRule,
  parent: { readonly quarantined: boolean; readonly outOfScope: boolean },
  classOf: (finding: string) => 'quarantined' | 'out_of_scope',
): { reason: string; finding: string; class: 'quarantined' | 'out_of_scope' } {
  const follows = (kind: string): string => `${rule.mapping}.${rule.columns}.${kind}`;
  if (parent.quarantined) {
    return { reason: 'parent_quarantined', finding: follows('parent_quarantined'), class: 'quarantined' };
  }
  if (parent.outOfScope) {
    const kind = rule.parentOutOfScope === 'out_of_scope' ? 'out_of_scope' : 'quarantined';
    return { reason: 'parent_out_of_scope', finding: follows('parent_out_of_scope'), class: kind };
  }
  return { reason: 'orphan', finding: rule.orphan, class: classOf(rule.orphan) };
}

import type { CompiledMapping, ReasonSpec } from '../contract/compiled';

/** What the ledger keeps of a source row that cannot be migrated. */
export interface QuarantinedRow {
  readonly sourceKey: string;
  readonly class: 'quarantined' | 'out_of_scope';
  readonly reason: string;
  readonly finding: string;
  readonly column: string | null;
  readonly transform: string | null;
  readonly sqlstate: string | null;
  readonly constraint: string | null;
  readonly findings: readonly string[];
  /** JSON object: text of each referenced target column, null where it cannot be computed. */
  readonly refs: string | null;
}

/** Whether a decision takes the rows of a finding out of scope instead of into quarantine. */
export type ClassOf = (finding: string) => 'quarantined' | 'out_of_scope';

/** A row that has reasons before it ever reaches the target: the first reason names it, all are kept. */
export function rejectedRow(
  mapping: CompiledMapping,
  row: { readonly key: string; readonly reasons: readonly number[]; readonly refs: string | null },
  classOf: ClassOf,
): QuarantinedRow {
  const specs = [...row.reasons].sort((a, b) => a - b).map((index) => reasonOf(mapping, index));
  const first = specs[0];
  if (first === undefined) throw new TypeError(`a rejected row of ${mapping.name} carries no reason`);
  return {
    sourceKey: row.key,
    class: classOf(first.finding),
    reason: first.kind,
    finding: first.finding,
    column: first.column === '' ? null : first.column,
    transform: first.transform,
    // of a CHECK that the source evaluated: as the target would have put it
    sqlstate: first.check === undefined ? null : '23514',
    constraint: first.check ?? null,
    findings: [...new Set(specs.map((spec) => spec.finding))],
    refs: row.refs,
  };
}

function reasonOf(mapping: CompiledMapping, index: number): ReasonSpec {
  const spec = mapping.reasons.find((reason) => reason.index === index);
  if (spec === undefined) throw new TypeError(`reason ${index} of ${mapping.name} is not among its compiled reasons`);
  return spec;
}

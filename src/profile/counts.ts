import { droppedParts } from '../compile/statements/dropped-parts';
import type { CompiledMapping } from '../contract/compiled';
import { checkFinding, droppedFinding, onceEach, reasonFinding, scopeFinding, type Finding } from './finding';

type Row = readonly (string | null)[];

export interface MappingCounts {
  readonly total: number;
  readonly outOfScope: number;
  readonly scopeUnknown: number;
  /** Rows with a reason of their own: not those that only break a CHECK, which is a rule as on the target. */
  readonly rejected: number;
  readonly findings: readonly Finding[];
}

/** What the answers to `counts` and, where the mapping has a condition, to `scopeCounts` say. */
export function readCounts(mapping: CompiledMapping, answers: readonly Row[], scope: Row | null): MappingCounts {
  const counted = (what: string): { index: number; rows: number }[] =>
    answers.flatMap(([name, index, rows]) => (name === what ? [{ index: Number(index), rows: Number(rows) }] : []));
  const sum = (what: string): number => counted(what).reduce((all, { rows }) => all + rows, 0);
  const reasons = counted('reason').flatMap(({ index, rows }) => {
    const reason = mapping.reasons.find((known) => known.index === index);
    return reason === undefined ? [] : [{ reason, rows }];
  });
  const findings = onceEach(
    reasons.map(({ reason, rows }) => {
      const check = mapping.checks.find((known) => known.reason === reason.index);
      return check === undefined ? reasonFinding(reason, mapping.name, rows) : checkFinding(check, mapping.name, rows);
    }),
  );
  const broken = reasons.reduce((all, { reason, rows }) => all + (reason.check === undefined ? 0 : rows), 0);
  const parts = droppedParts(mapping);
  for (const { index, rows } of counted('dropped')) {
    const part = parts[index];
    if (part !== undefined) findings.push(droppedFinding(mapping.name, part.column, part.kind, rows));
  }
  const [total = 0, outOfScope = 0, scopeUnknown = 0] = scope?.map(Number) ?? [sum('rows')];
  if (scopeUnknown > 0) findings.push(scopeFinding(mapping.name, scopeUnknown));
  return { total, outOfScope, scopeUnknown, rejected: sum('rejected') - broken, findings };
}

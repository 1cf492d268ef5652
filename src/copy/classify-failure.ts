import type { CompiledMapping } from '../contract/compiled';
import { refusalKind } from '../transform/value-trial';

/** The facts of a database error that may be kept: never its message or detail, which quote row values. */
export interface RowFailure {
  readonly sqlstate: string | null;
  readonly constraint: string | null;
  readonly column: string | null;
  /** Where it failed: reading from the source, or writing into the target. */
  readonly side: 'source' | 'target';
  /** The row vanished without an error: a BEFORE trigger of the target dropped it. */
  readonly dropped?: boolean;
  /** The target would store another value in `column`, without an error. */
  readonly altered?: boolean;
}

export interface Classified {
  readonly reason: string;
  readonly finding: string;
  readonly column: string | null;
}

const reasonsBySqlstate: Readonly<Record<string, string>> = {
  '23502': 'not_null',
  '23503': 'orphan',
  '23505': 'duplicate',
  '23514': 'check',
  '23P01': 'exclusion',
  '22001': 'too_long',
  '22003': 'out_of_range',
  '22021': 'encoding',
  P0001: 'raised',
};

/** Names of reasons inside finding ids, where they differ from the reason itself. */
const findingKinds: Readonly<Record<string, string>> = { duplicate: 'unique' };

/** Why one row failed on data, and the finding that it belongs to. */
export function classifyFailure(mapping: CompiledMapping, failure: RowFailure): Classified {
  const evaluated = evaluatedKind(mapping, failure);
  if (evaluated !== null)
    return {
      reason: evaluated,
      finding: `${mapping.name}.${failure.column ?? ''}.${evaluated}`,
      column: failure.column,
    };
  const reason = failure.dropped ? 'dropped_by_trigger' : (reasonsBySqlstate[failure.sqlstate ?? ''] ?? 'data');
  const known = knownFinding(mapping, reason, failure);
  if (known !== null) return { reason, ...known, column: failure.column ?? known.column };
  const subject = failure.constraint ?? failure.column ?? 'row';
  return { reason, finding: `${mapping.name}.${subject}.${findingKinds[reason] ?? reason}`, column: failure.column };
}

/** The kind of reason where the column's type refused the value: the same as in discovery, which asks the same type. */
function evaluatedKind(
  mapping: CompiledMapping,
  { side, column, constraint, sqlstate, altered }: RowFailure,
): string | null {
  if (column === null) return null;
  const trial = mapping.columns.find((one) => one.target === column)?.trial;
  if (side !== 'target' || trial === undefined) return null;
  if (altered === true) return refusalKind(trial, { sqlstate: null });
  const ofTable = [...mapping.checks.filter(({ ofDomain }) => !ofDomain), ...mapping.uniques].some(
    ({ name }) => name === constraint,
  );
  return sqlstate === null || ofTable ? null : refusalKind(trial, { sqlstate });
}

function knownFinding(
  mapping: CompiledMapping,
  reason: string,
  { constraint, column }: RowFailure,
): { finding: string; column: string | null } | null {
  if (constraint === null) return null;
  if (reason === 'duplicate') return first(mapping.uniques.find((unique) => unique.name === constraint));
  if (reason === 'orphan') return first(mapping.references.find((reference) => reference.constraint === constraint));
  if (reason === 'check') {
    // several columns may be of one domain
    const ofColumn = (check: CompiledMapping['checks'][number]): boolean =>
      !check.ofDomain || column === null || check.columns[0] === column;
    return first(mapping.checks.find((check) => check.name === constraint && ofColumn(check)));
  }
  return null;
}

function first(
  spec: { finding: string; columns: readonly string[] } | undefined,
): { finding: string; column: string | null } | null {
  if (spec === undefined) return null;
  return { finding: spec.finding, column: spec.columns.length === 1 ? (spec.columns[0] ?? null) : null };
}

/** The source does not say which expression raised; where the plan has only one of its own, it was that. */
export function ownSqlColumn(mapping: CompiledMapping, failure: RowFailure): RowFailure {
  if (failure.side !== 'source' || failure.column !== null) return failure;
  const own = mapping.columns.filter((column) => column.sql !== undefined);
  return own.length === 1 && mapping.where === null ? { ...failure, column: own[0]?.target ?? null } : failure;
}

import type { Json } from '../../contract/resolved-plan';

/** A rule for one column, tried on the target. */
export interface Rule {
  readonly name: string;
  /** One line for docs. */
  readonly description: string;
  /** Null when the arguments are right, else what is wrong with them. */
  readonly problem: (args: Json) => string | null;
  /**
   * SQL that is true for a broken row; `column` is the quoted column. NULL passes every rule but not_null. `unique` is
   * the one rule over several rows: it has no predicate.
   */
  readonly broken: ((column: string, args: Json) => string) | null;
}

/** Text of a scalar argument as the plan wrote it; null when it is none. */
export function scalarText(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

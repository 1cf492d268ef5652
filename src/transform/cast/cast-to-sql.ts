import type { CastSpec } from '../../contract/compiled';
import type { CastToSql } from './cast';
import { castRule } from './cast-rules';

/** The SQL twin of `applyCast`. Checks exclude each other: at most one is true. */
export const castToSql: CastToSql = (spec, input) => castRule(spec.kind).toSql(input, spec);

/** True where the `wire` that `castToSql` gives is NULL exactly where a check fails. */
export function isNullWhereFailed(spec: CastSpec): boolean {
  return castRule(spec.kind).nullWhereFailed?.(spec) ?? false;
}

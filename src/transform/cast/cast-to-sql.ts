import type { CastToSql } from './cast';
import { castRule } from './cast-rules';

/** The SQL twin of `applyCast`. Checks exclude each other: at most one is true. */
export const castToSql: CastToSql = (spec, input) => castRule(spec.kind).toSql(input, spec);

import type { CastSpec } from '../../contract/compiled';
import type { CastOutcome, SqlCast } from './cast';

/** One kind of cast, twice. `input` in SQL is text when `spec.sourceType` is null, else of that type; in TypeScript always text. */
export interface CastRule {
  readonly toSql: (input: string, spec: CastSpec) => SqlCast;
  /** True where `wire` of a value is NULL if and only if a check fails, and `text` is its text: then one look at it tells that none does. */
  readonly nullWhereFailed?: (spec: CastSpec) => boolean;
  readonly apply: (input: string, spec: CastSpec) => CastOutcome;
}

/** The input as text, whatever its type. */
export function asText(input: string, spec: CastSpec): string {
  return spec.sourceType === null || spec.sourceType === 'text' ? `(${input})` : `(${input})::text`;
}

/** An SQL boolean that is false where the inner one is NULL. */
export function surely(condition: string): string {
  return `coalesce(${condition}, false)`;
}

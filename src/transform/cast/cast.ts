import type { ColumnType } from '../../contract/catalog';
import type { CastSpec } from '../../contract/compiled';

/** Why two types do not go together, and what to write in the plan instead. */
export interface ImpossibleCast {
  readonly impossible: string;
  readonly fix: string;
}

/** One checked predicate of a cast or of the target type: `failed` is an SQL boolean (never NULL). */
interface SqlCheck {
  /** cast_integer, out_of_range, too_long, precision, scale, enum, bad_uuid, … */
  readonly kind: string;
  readonly failed: string;
}

export interface SqlCast {
  /** Checks in order; the row is rejected when one is true. Not null is not among them. */
  readonly checks: readonly SqlCheck[];
  /** Value typed for the wire (binary-compatible with the target, or text when `CastSpec.target` is an enum or unknown to the source). Only evaluated where no check failed, and safe to evaluate everywhere unless `raising`. */
  readonly wire: string;
  /** Canonical text of the value as the target would print it with `::text`. */
  readonly text: string;
}

/** `server`: TypeScript cannot spell the canonical text of this type; let the target evaluate `text::type::text`. */
export type CastOutcome = { readonly value: string | null } | { readonly failed: string } | { readonly server: string };

/** `chooseCast(source, target)`: source null means text that comes out of a pipeline. Implemented in `choose-cast.ts`. */
export type ChooseCast = (source: ColumnType | null, target: ColumnType) => CastSpec | ImpossibleCast;
/** `castToSql(spec, input)`: input is text after steps, or the source-typed column. Implemented in `cast-to-sql.ts`. */
export type CastToSql = (spec: CastSpec, input: string) => SqlCast;
/** `applyCast(spec, input)`: input is the text of the source value. Implemented in `apply-cast.ts`. */
export type ApplyCast = (spec: CastSpec, input: string | null) => CastOutcome;

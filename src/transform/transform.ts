import type { z } from 'zod';

/** What both implementations of a transform may know besides its input and arguments. */
export interface TransformContext {
  /** Server encoding of the source: the repertoire of trim, lower, upper and of literals is limited to it. */
  readonly encoding: string;
  /** Server encoding of the target, where it is not UTF8. */
  readonly targetEncoding?: string;
  /** SHA-256, handed in so that this folder stays free of platform modules. */
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

/** One step compiled for the source. Expressions are total: a value or NULL, never an error. */
interface SqlStep {
  /** SQL expression of type text. */
  readonly value: string;
  /** SQL boolean (never NULL) that is true where the step has no value for its input; null when it cannot fail. */
  readonly failed: string | null;
}

export type StepOutcome = { readonly value: string | null } | { readonly failed: true };

/**
 * A built-in transform: the same function twice, as SQL for the copy and as TypeScript for the proof. Text in, text out.
 * NULL in gives NULL out unless the description says otherwise.
 */
export interface Transform<Args = never> {
  readonly name: string;
  /** One line for docs and editors. */
  readonly description: string;
  readonly args: z.ZodType<Args>;
  /** Takes all source columns at once (`concat`); only allowed as the first step. Others take exactly one input. */
  readonly inputs: 'one' | 'many';
  /** Reason kind when it fails, e.g. `bad_date`; null when it cannot fail. */
  readonly reason: string | null;
  /** True when `toSql` mentions its input more than once: the compiler then materialises the input first. */
  readonly repeatsInput: boolean;
  /** Texts that a value may newly contain: they must exist in the source encoding. */
  readonly produces?: (args: Args) => readonly string[];
  readonly toSql: (inputs: readonly string[], args: Args, context: TransformContext) => SqlStep;
  readonly apply: (inputs: readonly (string | null)[], args: Args, context: TransformContext) => StepOutcome;
}

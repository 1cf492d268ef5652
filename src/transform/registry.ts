import type { Json, StepSpec } from '../contract/resolved-plan';
import { atZone } from './built-in/at-zone';
import { boolean } from './built-in/boolean';
import { collapseWhitespace } from './built-in/collapse-whitespace';
import { concat } from './built-in/concat';
import { defaultTo } from './built-in/default';
import { lower, upper } from './built-in/letter-case';
import { map } from './built-in/map';
import { nullIf } from './built-in/null-if';
import { parseDate } from './built-in/parse-date';
import { parseNumber } from './built-in/parse-number';
import { regexExtract } from './built-in/regex-extract';
import { round } from './built-in/round';
import { scale } from './built-in/scale';
import { splitPart } from './built-in/split-part';
import { substring } from './built-in/substring';
import { trim } from './built-in/trim';
import { usState } from './built-in/us-state';
import { canEncode } from './encoding';
import { nearest } from './nearest';
import type { Transform } from './transform';

/** A transform whose arguments are known only to itself: hand it nothing but what its own `args` schema returned. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyTransform = Transform<any>;

const all: readonly AnyTransform[] = [
  trim,
  lower,
  upper,
  collapseWhitespace,
  nullIf,
  defaultTo,
  map,
  parseDate,
  atZone,
  parseNumber,
  scale,
  round,
  substring,
  concat,
  splitPart,
  regexExtract,
  usState,
  boolean,
];

/** The built-in transforms by the name that a plan uses. */
export const transforms: ReadonlyMap<string, AnyTransform> = new Map(
  all.map((transform) => [transform.name, transform]),
);

export interface ParsedStep {
  readonly spec: StepSpec;
  readonly transform: AnyTransform;
  /** What the transform's `toSql` and `apply` take. Parse once and keep it: preparation hangs on this object. */
  readonly args: unknown;
}

export interface StepProblem {
  readonly problem: string;
  readonly fix: string;
}

/** Finds the transform of a step and checks its arguments; the texts never repeat an argument's value. */
export function parseStep(spec: StepSpec): ParsedStep | StepProblem {
  const transform = transforms.get(spec.name);
  if (transform === undefined) {
    const near = nearest(spec.name, transforms.keys());
    return {
      problem: `Unknown transform "${spec.name}".`,
      fix: near === null ? `Use one of ${[...transforms.keys()].join(', ')}.` : `Did you mean "${near}"?`,
    };
  }
  const parsed = transform.args.safeParse(spec.args);
  if (parsed.success) return { spec, transform, args: parsed.data as unknown };
  return {
    problem: `Wrong arguments of "${spec.name}": ${messages(parsed.error.issues).join('; ')}.`,
    fix: transform.description,
  };
}

interface Issue {
  readonly code?: string | undefined;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly errors?: readonly (readonly Issue[])[] | undefined;
}

/** Of a union without a message of its own the branch that was meant speaks; zod alone would say "Invalid input". */
function messages(issues: readonly Issue[]): string[] {
  const found = issues.flatMap((issue) => {
    const branches = issue.code === 'invalid_union' && issue.message === 'Invalid input' ? (issue.errors ?? []) : [];
    if (branches.length === 0) {
      return [issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`];
    }
    const meant = [...branches].sort((left, right) => nearness(right) - nearness(left))[0] as readonly Issue[];
    return messages(meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
  return [...new Set(found)];
}

/** How far a branch got before it failed: 0 for another type altogether. */
function nearness(branch: readonly Issue[]): number {
  const marks: Readonly<Record<string, number>> = { unrecognized_keys: 1, invalid_value: 2, custom: 4 };
  return Math.min(...branch.map(({ path, code }) => (path.length > 0 ? 3 : (marks[code ?? ''] ?? 0))));
}

/**
 * A step whose arguments name characters that the source encoding does not have: they could neither be written nor ever be
 * found. Null when it can run there. SQL_ASCII and encodings that rowproof cannot judge take ASCII only.
 */
export function encodingProblem(step: ParsedStep, encoding: string): StepProblem | null {
  return canEncode(encoding, textsOf(step.spec.args).join(''))
    ? null
    : {
        problem: `"${step.transform.name}" names characters that the source's encoding ${encoding} does not have.`,
        fix: `Use only characters of ${encoding} in its arguments${encoding === 'SQL_ASCII' ? ', which are those of ASCII' : ''}.`,
      };
}

function textsOf(args: Json): string[] {
  if (typeof args === 'string') return [args];
  if (args === null || typeof args !== 'object') return [];
  return Array.isArray(args)
    ? args.flatMap(textsOf)
    : Object.entries(args).flatMap(([key, value]) => [key, ...textsOf(value as Json)]);
}

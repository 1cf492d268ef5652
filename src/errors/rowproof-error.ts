import type { ErrorCode } from './catalogue';
import { catalogue } from './catalogue';

/** Where a problem sits: a position in a file, or the name of an object, connection or run. */
export interface Where {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly object?: string;
}

export interface Problem {
  /** Stable code of the catalogue, e.g. `RP1003`. */
  readonly code: ErrorCode;
  /** What is wrong, one sentence, without row values or secrets. */
  readonly what: string;
  readonly where: Where | null;
  /** Why it matters or how it came about. */
  readonly why: string;
  /** What to do next. */
  readonly fix: string;
}

/** An error a user sees. It carries one problem or several that were found together; never row values or secrets. */
export class RowproofError extends Error {
  override readonly name = 'RowproofError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: { cause?: unknown }) {
    super(problems.map((problem) => `${problem.what} (${problem.code})`).join('; '), options);
    this.problems = problems;
  }

  get code(): ErrorCode {
    return (this.problems[0] as Problem).code;
  }
}

/** One problem from the catalogue: its `why` and `fix` are the catalogue's unless given. */
export function problem(
  code: ErrorCode,
  what: string,
  details: { where?: Where | null; why?: string; fix?: string } = {},
): Problem {
  const entry = catalogue[code];
  return { code, what, where: details.where ?? null, why: details.why ?? entry.why, fix: details.fix ?? entry.fix };
}

export function fail(
  code: ErrorCode,
  what: string,
  details: { where?: Where | null; why?: string; fix?: string; cause?: unknown } = {},
): RowproofError {
  return new RowproofError([problem(code, what, details)], { cause: details.cause });
}

import type { ResolvedPlan } from '../contract/resolved-plan';
import type { ErrorCode } from '../errors/catalogue';
import type { Problem, Where } from '../errors/rowproof-error';
import { problem } from '../errors/rowproof-error';
import { tableKey } from './key/table-key';

export interface CheckedProblem {
  readonly problem: Problem;
  /** A warning does not keep a plan from being compiled. */
  readonly severity: 'error' | 'warning';
}

/** Place of a path into the plan file; of its longest part that exists. */
export type LocatePath = (path: readonly (string | number)[]) => Where;

export interface ProblemDetails {
  /** Path into the plan file. */
  readonly path?: readonly (string | number)[];
  /** Name of the object it is about. */
  readonly object?: string;
  readonly why?: string;
  readonly fix?: string;
}

/** Collects everything that `rowproof check` reports. */
export class ProblemList {
  readonly problems: CheckedProblem[] = [];
  private errors = 0;

  constructor(
    private readonly locate?: LocatePath,
    private readonly whole?: ProblemList,
  ) {}

  /** A list of its own that reports into this one as well: `failed` then speaks of that part alone. */
  part(): ProblemList {
    return new ProblemList(this.locate, this);
  }

  error(code: ErrorCode, what: string, details: ProblemDetails = {}): void {
    this.add('error', code, what, details);
  }

  warning(code: ErrorCode, what: string, details: ProblemDetails = {}): void {
    this.add('warning', code, what, details);
  }

  get failed(): boolean {
    return this.errors > 0;
  }

  private add(severity: CheckedProblem['severity'], code: ErrorCode, what: string, details: ProblemDetails): void {
    const position = details.path === undefined ? undefined : this.locate?.(details.path);
    const object = details.object === undefined ? {} : { object: details.object };
    const where: Where | null =
      position === undefined && details.object === undefined ? null : { ...position, ...object };
    const texts = {
      ...(details.why === undefined ? {} : { why: details.why }),
      ...(details.fix === undefined ? {} : { fix: details.fix }),
    };
    this.push({ problem: problem(code, what, { where, ...texts }), severity });
  }

  private push(found: CheckedProblem): void {
    this.problems.push(found);
    if (found.severity === 'error') this.errors += 1;
    this.whole?.push(found);
  }
}

/**
 * Finds the entry that a mapping comes from when the plan names it otherwise: quoted, or by a pattern. `paths` is what
 * `resolvePlan` gives: the path of each mapping in the file.
 */
export function locateMappings(
  plan: ResolvedPlan,
  paths: Readonly<Record<string, readonly (string | number)[]>>,
  locate: LocatePath,
): LocatePath {
  return ([first, table, ...more]) => {
    const mapping = first === 'tables' ? plan.mappings.find((one) => tableKey(one.target) === table) : undefined;
    const path = mapping === undefined ? undefined : paths[mapping.name];
    if (path !== undefined) return locate([...path, ...more]);
    return locate([first, table, ...more].filter((part) => part !== undefined));
  };
}

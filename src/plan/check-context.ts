import type { ErrorCode } from '../errors/catalogue';
import type { Problem } from '../errors/rowproof-error';
import { problem } from '../errors/rowproof-error';
import type { Locate, PlanPath } from './position';

/** Collects problems at places of a plan. */
export interface Report {
  readonly problems: Problem[];
  add(code: ErrorCode, what: string, path: PlanPath, details?: { why?: string; fix?: string }): void;
}

export function createReport(locate: Locate): Report {
  const problems: Problem[] = [];
  return {
    problems,
    add: (code, what, path, details = {}) => {
      problems.push(problem(code, what, { where: locate(path), ...details }));
    },
  };
}

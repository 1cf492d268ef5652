import type { ErrorCode } from '../../errors/catalogue';
import type { Problem } from '../../errors/rowproof-error';
import { problem } from '../../errors/rowproof-error';
import type { Locate, PlanPath } from '../position';
import { saysMissing } from '../../errors/error-kinds';

/** Collects problems at places of a plan. */
export interface Report {
  readonly problems: Problem[];
  add(code: ErrorCode, what: string, path: PlanPath, details?: { why?: string; fix?: string }): void;
}

/** `leftOut` are the parts of the plan that are not checked because another problem already names them. */
export function createReport(locate: Locate, leftOut: readonly PlanPath[] = []): Report {
  const problems: Problem[] = [];
  return {
    problems,
    add: (code, what, path, details = {}) => {
      const holds = (part: PlanPath): boolean => path.every((step, index) => part[index] === step);
      if (saysMissing(code) && leftOut.some(holds)) return;
      problems.push(problem(code, what, { where: locate(path), ...details }));
    },
  };
}

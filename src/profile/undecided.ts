import { decisionFor } from './decision-match';
import type { Finding } from './finding';
import { counted } from '../report/counted';
import { figure } from '../report/format';

export interface KnownDecision {
  readonly finding: string;
  readonly action: string;
  readonly expect: { readonly rows: number; readonly tolerance: number } | null;
  readonly origin: 'plan' | 'operator';
}

export interface UndecidedFinding extends Finding {
  /** Why a decision that exists does not count. */
  readonly because: string | null;
}

/**
 * Findings that hold the run: those that need a decision and have none, one that is not among their choices, or one of the
 * plan whose expected count is not what is there. An operator who decides has seen the count.
 */
export function undecided(findings: readonly Finding[], decisions: readonly KnownDecision[]): UndecidedFinding[] {
  return findings.flatMap((finding): UndecidedFinding[] => {
    if (finding.severity !== 'decide') return [];
    const decision = decisionFor(decisions, finding.id);
    if (decision === null) return [{ ...finding, because: null }];
    if (!finding.choices.includes(decision.action) && decision.action !== 'accept') {
      return [{ ...finding, because: `the decision ${decision.action} is none of its choices` }];
    }
    const { expect } = decision;
    if (decision.origin === 'plan' && expect !== null && Math.abs(finding.rows - expect.rows) > expect.tolerance) {
      return [
        {
          ...finding,
          because: `the plan expected ${expect.tolerance === 0 ? counted(expect.rows, 'row') : `${figure(expect.rows)} ± ${figure(expect.tolerance)} rows`}`,
        },
      ];
    }
    return [];
  });
}

/** Whether a decision lets rows stay behind: `stop`, or what is said of a trigger, covers none. */
export function coversRows(decision: { readonly action: string } | null): boolean {
  return decision !== null && ['quarantine', 'out_of_scope', 'accept'].includes(decision.action);
}

/** Findings that are there and whose decision says stop. */
export function stopping(findings: readonly Finding[], decisions: readonly KnownDecision[]): Finding[] {
  return findings.filter(
    (finding) => finding.severity === 'decide' && decisionFor(decisions, finding.id)?.action === 'stop',
  );
}

/** Rules that are tried on rows without a reason of their own, each row taken by one of them at most. */
const ruleKinds: ReadonlySet<string> = new Set(['check', 'unique', 'orphan']);

/**
 * Rows of findings that no decision with an expected count covers: what max_bad_rows limits. `rejected` are the rows with at
 * least one reason: a row with several stands in several findings and counts once, so that the number is never too high.
 */
export function unexpectedRows(
  findings: readonly Finding[],
  decisions: readonly KnownDecision[],
  mapping: string,
  rejected: number,
): number {
  const sums = { rules: 0, reasons: 0, expected: 0 };
  for (const finding of findings) {
    if (finding.mapping !== mapping || !finding.choices.includes('quarantine')) continue;
    const expected = (decisionFor(decisions, finding.id)?.expect ?? null) !== null;
    if (!ruleKinds.has(finding.kind)) sums[expected ? 'expected' : 'reasons'] += finding.rows;
    else if (!expected) sums.rules += finding.rows;
  }
  return sums.rules + Math.min(sums.reasons, Math.max(0, rejected - sums.expected));
}

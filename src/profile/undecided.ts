import { decisionFor } from './decision-match';
import type { Finding } from './finding';

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
      return [{ ...finding, because: `the plan expected ${expect.rows} ± ${expect.tolerance} rows` }];
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

/** Rows of findings that no decision with an expected count covers: what max_bad_rows limits. */
export function unexpectedRows(
  findings: readonly Finding[],
  decisions: readonly KnownDecision[],
  mapping: string,
): number {
  return findings
    .filter((finding) => finding.mapping === mapping && finding.choices.includes('quarantine'))
    .filter((finding) => (decisionFor(decisions, finding.id)?.expect ?? null) === null)
    .reduce((sum, finding) => sum + finding.rows, 0);
}

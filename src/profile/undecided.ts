import { decisionFor } from './decision-match';
import type { Finding } from './finding';
import { agreeing, counted } from '../report/counted';
import { figure } from '../report/format';

export interface KnownDecision {
  readonly finding: string;
  readonly action: string;
  readonly expect: { readonly rows: number; readonly tolerance: number } | null;
  readonly origin: 'plan' | 'operator';
}

export interface UndecidedFinding extends Finding {
  /** A sentence that says why a decision that exists does not count. */
  readonly because: string | null;
}

/**
 * Findings that hold the run: those that need a decision and have none, one that is not among their choices, one to stop, or one of the
 * plan whose expected count is not what is there. An operator's count was compared when it was given.
 */
export function undecided(findings: readonly Finding[], decisions: readonly KnownDecision[]): UndecidedFinding[] {
  return findings.flatMap((finding): UndecidedFinding[] => {
    if (finding.severity !== 'decide') return [];
    const decision = decisionFor(decisions, finding.id);
    if (decision === null) return [{ ...finding, because: null }];
    if (!finding.choices.includes(decision.action) && decision.action !== 'accept') {
      return [{ ...finding, because: `The decision ${decision.action} is not one of its choices.` }];
    }
    if (decision.action === 'stop') return [{ ...finding, because: decidedToStop }];
    const { expect } = decision;
    if (lacksNumber(finding, decision)) return [{ ...finding, because: acceptsByNumber(finding.rows) }];
    if (decision.origin !== 'plan' || expect === null) return [];
    const seen = findings
      .filter(({ id, severity }) => severity === 'decide' && decisionFor(decisions, id) === decision)
      .reduce((sum, { rows }) => sum + rows, 0);
    if (Math.abs(seen - expect.rows) <= expect.tolerance) return [];
    return [{ ...finding, because: unmetExpectation('The plan', expect, seen) }];
  });
}

/** What is broken is accepted by its number: with it somebody says that he knows, and more than that is asked again. */
export function lacksNumber(
  finding: { readonly rows: number; readonly choices: readonly string[] },
  decision: { readonly action: string; readonly expect: object | null },
): boolean {
  return (
    decision.action === 'accept' && decision.expect === null && finding.rows > 0 && finding.choices.includes('accept')
  );
}

export function acceptsByNumber(rows: number): string {
  return `To accept it, give the expected number of rows, which is ${figure(rows)} now.`;
}

export const decidedToStop = 'The decision is to stop here: decide differently to go on, or abort the run.';

/** `The plan expected 1 ± 1 rows, 3 are seen.` */
export function unmetExpectation(
  who: string,
  expect: { readonly rows: number; readonly tolerance: number },
  seen: number,
): string {
  const tolerance = expect.tolerance === 0 ? '' : ` ± ${expect.tolerance}`;
  const promised = tolerance === '' ? counted(expect.rows, 'row') : `${figure(expect.rows)}${tolerance} rows`;
  return `${who} expected ${promised}, ${figure(seen)} ${agreeing(seen, 'is', 'are')} seen.`;
}

/** What max_bad_rows allows of a mapping, and the rows of it with at least one reason. `allowed` null: no limit. */
export interface MappingLimit {
  readonly mapping: string;
  readonly allowed: number | null;
  readonly rejected: number;
}

/**
 * Findings whose decision names no number although more rows are decided without one than max_bad_rows allows: with the number somebody
 * says that he knows. Findings that are `open` for another reason count once they are decided.
 */
export function overLimit(
  findings: readonly Finding[],
  decisions: readonly KnownDecision[],
  limits: readonly MappingLimit[],
  open: readonly { readonly id: string }[],
): UndecidedFinding[] {
  const decided = findings.filter(({ id }) => !open.some((one) => one.id === id));
  return limits.flatMap(({ mapping, allowed, rejected }) => {
    if (allowed === null) return [];
    const rows = unexpectedRows(decided, decisions, mapping, rejected);
    if (rows <= allowed) return [];
    return decided
      .filter((one) => one.mapping === mapping && one.severity === 'decide' && one.rows > 0)
      .filter(({ id, choices }) => choices.includes('quarantine') && !expectsRows(decisionFor(decisions, id)))
      .map((one) => ({ ...one, because: overLimitBecause(mapping, rows, allowed, one.rows) }));
  });
}

function expectsRows(decision: KnownDecision | null): boolean {
  return decision !== null && decision.expect !== null;
}

function overLimitBecause(mapping: string, rows: number, allowed: number, own: number): string {
  return (
    `${rows} bad ${rows === 1 ? 'row' : 'rows'} of ${mapping} would stay behind without an expected number, ` +
    `and max_bad_rows allows ${allowed}: decide it with the expected number of rows, which is ${own} now.`
  );
}

/** Whether a decision lets rows stay behind: `stop`, or what is said of a trigger, covers none. */
export function coversRows(decision: { readonly action: string } | null): boolean {
  return decision !== null && ['quarantine', 'out_of_scope', 'accept'].includes(decision.action);
}

/** Rules that are tried on rows without a reason of their own, each row taken by one of them at most. */
const ruleKinds: ReadonlySet<string> = new Set(['check', 'unique', 'orphan', 'refused']);

/**
 * Rows of findings that no decision with an expected count covers: what max_bad_rows limits. `rejected` are the rows with at
 * least one reason: a row with several stands in several findings and counts once, so that the number is never too high.
 */
function unexpectedRows(
  findings: readonly Finding[],
  decisions: readonly KnownDecision[],
  mapping: string,
  rejected: number,
): number {
  const sums = { rules: 0, reasons: 0, expected: 0 };
  for (const finding of findings) {
    if (finding.mapping !== mapping || !finding.choices.includes('quarantine')) continue;
    const expected = expectsRows(decisionFor(decisions, finding.id));
    if (!ruleKinds.has(finding.kind)) sums[expected ? 'expected' : 'reasons'] += finding.rows;
    else if (!expected) sums.rules += finding.rows;
  }
  return sums.rules + Math.min(sums.reasons, Math.max(0, rejected - sums.expected));
}

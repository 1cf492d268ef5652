import type { Verdict } from '../contract/activity-types';
import type { ClosedReconciliation } from './reconciliation';
import type { DecisionEffect } from './decision-effect';
import { effectProblem } from './decision-effect';
import { decisionFor } from '../profile/decision-match';
import { counted } from '../report/counted';
import { figure } from '../report/format';

/** The outcome of one recorded check: a reference, a rule, a constraint, a spot check, a careful batch. */
export interface CheckOutcome {
  readonly kind: string;
  readonly name: string;
  readonly broken: number;
  /** Under which a person may accept what is broken; null or absent where it says that rows are not where or what they have to be. */
  readonly finding?: string | null;
}

export interface CheckDecision {
  readonly finding: string;
  readonly action: string;
  readonly by: string;
}

export interface VerdictFacts {
  readonly reconciliation: readonly ClosedReconciliation[];
  readonly effects: readonly DecisionEffect[];
  /** What is decided, and by whom. */
  readonly decisions?: readonly CheckDecision[];
  /** What is not on the target any more as it was when it was proved. */
  readonly changed: readonly string[];
  /** By which counts the books were closed before the freeze; null where nothing was. */
  readonly closedBy: 'frozen' | 'aligned' | null;
  /** Which settings of the cutover came with its approval and not from the plan. */
  readonly overridden?: string | null;
  /** Quarantined rows by finding that no decision covers; rows that follow a parent are not among them. */
  readonly undecided: readonly { readonly finding: string; readonly rows: number }[];
  readonly checks: readonly CheckOutcome[];
  /** Kinds of checks that have to be there; one that never ran is a problem. */
  readonly required: readonly string[];
  /** `mapping.column` of values that came out of the user's own SQL and were executed again, not recomputed. */
  readonly reexecuted: readonly string[];
  /** Tables that the run was restricted to (`--only`), with the parents that came along; empty when it took the whole plan. */
  readonly only: readonly string[];
  /** Where rows differ, and what may have written there: said beside the tables whose rows do. */
  readonly differing?: readonly string[];
  /** Percent of the rows (`--sample`), null for all of them. */
  readonly sample: number | null;
  /** Materialized views that were not refreshed. */
  readonly notRefreshed: readonly string[];
}

/** Problems named in the sentence; the rest is in the report. */
const namedProblems = 3;

const checkNouns: Readonly<Record<string, string>> = {
  reference: 'foreign key',
  rule: 'rule',
  constraint: 'constraint',
  spot_check: 'spot check',
  careful: 'batch recomputed by SQL',
  view: 'materialized view',
};

function missingChecks(facts: VerdictFacts): string[] {
  return facts.required
    .filter((kind) => !facts.checks.some((check) => check.kind === kind))
    .map((kind) => `${checkNouns[kind] ?? kind} checks did not run`);
}

/** Who decided that what this check counts may stay, null when nobody did. */
export function acceptedBy<T extends CheckDecision>(
  { finding = null }: Pick<CheckOutcome, 'finding'>,
  decisions: readonly T[],
): T | null {
  const decision = finding === null ? null : decisionFor(decisions, finding);
  return decision?.action === 'accept' ? decision : null;
}

function checkProblem({ kind, name, broken, finding = null }: CheckOutcome): string {
  const open = finding === null ? '' : ` without a decision (${finding})`;
  return `${checkNouns[kind] ?? kind} ${name}: ${figure(broken)} broken${open}`;
}

/** Places where rows differ are no problem of their own: the books of their table say that there is one. */
function reconciliationProblems({ reconciliation, differing = [] }: VerdictFacts): string[] {
  const problems = reconciliation.flatMap((closed) => closed.problems);
  return problems.length === 0 ? [] : [...problems, ...differing.map((where) => `different: ${where}`)];
}

function scopeNote(facts: VerdictFacts): string {
  const notes: string[] = [];
  if (facts.sample !== null) notes.push(`sample of ${facts.sample} %`);
  if (facts.only.length > 0) notes.push(`only ${facts.only.join(', ')}`);
  return notes.length === 0 ? '' : `${notes.join(', ')}: not a migration; `;
}

function viewNote(facts: VerdictFacts): string {
  return facts.notRefreshed.length === 0 ? '' : `; not refreshed: ${listed(facts.notRefreshed)}`;
}

function listed(names: readonly string[]): string {
  const more = names.length > namedProblems ? ` and ${names.length - namedProblems} more` : '';
  return `${names.slice(0, namedProblems).join(', ')}${more}`;
}

const countedWhen = {
  frozen: ', both sides counted under the freeze',
  aligned: ', both sides counted right before the freeze, with what came and went since',
};

function greenSentence(facts: VerdictFacts): string {
  const subject = facts.sample === null ? 'every row accounted for' : 'every row of it accounted for';
  const closed = facts.closedBy === null ? '' : countedWhen[facts.closedBy];
  const executed =
    facts.reexecuted.length === 0 ? '' : `, re-executed and not independent: ${listed(facts.reexecuted)}`;
  const overridden = facts.overridden == null ? '' : `; ${facts.overridden}`;
  return `${scopeNote(facts)}${subject}, every field proved${closed}${executed}${overridden}${acceptedNote(facts)}${viewNote(facts)}`;
}

/** `; accepted by ben: foreign key public.notes.customer_fk, 3 broken`. */
function acceptedNote(facts: VerdictFacts): string {
  const accepted = facts.checks.flatMap((check) => {
    const by = check.broken > 0 ? acceptedBy(check, facts.decisions ?? [])?.by : undefined;
    return by === undefined
      ? []
      : [`${checkNouns[check.kind] ?? check.kind} ${check.name}, ${figure(check.broken)} broken, by ${by}`];
  });
  return accepted.length === 0 ? '' : `; accepted: ${listed(accepted)}`;
}

/** Green only if every equation holds, every check ran, passed or was accepted by its count, and every row left behind has a decision. */
export function reachVerdict(facts: VerdictFacts): Verdict {
  const broken = facts.checks.filter((check) => check.broken > 0 && acceptedBy(check, facts.decisions ?? []) === null);
  const final = [
    ...reconciliationProblems(facts),
    ...facts.changed.map((what) => `changed since it was proved: ${what}`),
    ...missingChecks(facts),
    ...broken.filter(({ finding = null }) => finding === null).map(checkProblem),
    ...(facts.reconciliation.length === 0 ? ['no table was migrated'] : []),
  ];
  const open = [
    ...broken.filter(({ finding = null }) => finding !== null).map(checkProblem),
    ...facts.effects.map(effectProblem).filter((sentence) => sentence !== null),
    ...facts.undecided.map(
      ({ finding, rows }) => `${counted(rows, 'row')} in quarantine without a decision: ${finding}`,
    ),
  ];
  const problems = [...final, ...open];
  const green = problems.length === 0;
  const rest = problems.length - namedProblems;
  const sentence = green
    ? greenSentence(facts)
    : `${scopeNote(facts)}not proved: ${problems.slice(0, namedProblems).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
  return {
    green,
    sentence,
    reconciliation: facts.reconciliation.map((closed) => closed.reconciliation),
    problems,
    ...(final.length === 0 && open.length > 0 ? { decidable: true as const } : {}),
  };
}

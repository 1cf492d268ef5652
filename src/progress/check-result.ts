import type { FindingSummary, MigrationResult, RunStatus } from '../contract/run';
import { agreeing } from '../report/counted';

/** What a check ends with, on every screen: its findings, and the decisions to write into the plan. */

const maxShown = 20;

/** A finding a line, then the lines of `decisions` that decide them; nothing when nothing is to be decided. */
export function toDecide(findings: readonly FindingSummary[]): string[] {
  if (findings.length === 0) return [];
  return [
    ...findings.slice(0, maxShown).map(({ id, sentence }) => `! ${id}: ${sentence}`),
    ...(findings.length > maxShown
      ? [`    … and ${findings.length - maxShown} more ${agreeing(findings.length - maxShown, 'finding', 'findings')}`]
      : []),
    '    Decide each in the plan, then run it; otherwise the run asks:',
    ...planDecisions(findings).map((line) => `      ${line}`),
  ];
}

/** What the result of a check says beside its verdict. */
export function checkResult({ undecided }: Pick<RunStatus, 'undecided'>): Pick<MigrationResult, 'findings' | 'next'> {
  if (undecided.length === 0) return { findings: [] };
  return {
    findings: [...undecided],
    next: ['Write these decisions into the plan, then run it:', ...planDecisions(undecided)],
  };
}

/** The block `decisions` of a plan with the first choice of each finding. */
export function planDecisions(
  findings: readonly { readonly id: string; readonly rows: number; readonly choices: readonly string[] }[],
): string[] {
  return [
    'decisions:',
    ...findings.map(({ id, choices, rows }) => {
      const expect = rows > 0 ? `expect: { rows: ${rows} }, ` : '';
      return `  ${JSON.stringify(id)}: { do: ${choices[0] ?? 'quarantine'}, ${expect}because: WHY, by: YOU }`;
    }),
  ];
}

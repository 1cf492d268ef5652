import type { FindingSummary } from '../contract/run';
import { decisionMatches } from '../profile/decision-match';

/** Findings of one kind that take the same decisions, and the pattern that names exactly them. */
export interface Alike {
  readonly pattern: string;
  readonly findings: readonly FindingSummary[];
  readonly rows: number;
}

/** Groups of two and more. None where the pattern would cover others of another kind as well. */
export function alike(findings: readonly FindingSummary[]): Alike[] {
  const groups = new Map<string, FindingSummary[]>();
  for (const finding of findings) {
    const ending = finding.id.slice(finding.id.lastIndexOf('.'));
    groups.set(ending, [...(groups.get(ending) ?? []), finding]);
  }
  return [...groups].flatMap(([ending, group]): Alike[] => {
    const pattern = `*${ending}`;
    const choices = new Set(group.map((finding) => finding.choices.join()));
    const covered = findings.filter(({ id }) => decisionMatches(pattern, id));
    if (group.length < 2 || choices.size > 1 || covered.length !== group.length) return [];
    return [{ pattern, findings: group, rows: group.reduce((sum, { rows }) => sum + rows, 0) }];
  });
}

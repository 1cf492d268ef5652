/** Whether a decision's pattern covers a finding: the id itself, or a pattern in which `*` stands for any characters. */
export function decisionMatches(pattern: string, finding: string): boolean {
  if (!pattern.includes('*')) return pattern === finding;
  const parts = pattern.split('*');
  const first = parts[0] as string;
  const last = parts[parts.length - 1] as string;
  if (!finding.startsWith(first) || !finding.endsWith(last) || finding.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = finding.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = finding.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** The first decision that covers a finding, an exact one before any pattern; null when none does. */
export function decisionFor<T extends { readonly finding: string }>(
  decisions: readonly T[],
  finding: string,
): T | null {
  return (
    decisions.find((decision) => decision.finding === finding) ??
    decisions.find((decision) => decisionMatches(decision.finding, finding)) ??
    null
  );
}

import type { ChecklistLine, CutoverResult, FreezeFacts } from '../contract/delta';

/** What an attempt at the cutover means for the run. Pure. */

/** The result of an attempt that the checklist did not let begin. */
export function notReady(lines: readonly ChecklistLine[]): CutoverResult {
  const missing = lines.filter(({ ok }) => !ok).map(({ sentence }) => sentence);
  return {
    outcome: 'refused',
    sentence: `The cutover did not begin: ${missing.join(' ')}`,
    freezeMs: 0,
    lockAttempts: 0,
    changedKeys: 0,
    writers: [],
  };
}

/** Whether all that is missing is another proof, a younger one or one of what tables are now: then it is made and the approval still counts. */
export function onlyProofMissing(lines: readonly ChecklistLine[]): boolean {
  const missing = lines.filter(({ ok }) => !ok);
  return missing.length > 0 && missing.every(({ name }) => ['proof', 'target', 'source'].includes(name));
}

export function factsOf(result: CutoverResult, at: string, by: string): FreezeFacts {
  const { freezeMs, outcome, sentence, reconciliationMs, limits } = result;
  return {
    at,
    freezeMs,
    outcome,
    sentence,
    by,
    ...(reconciliationMs === undefined ? {} : { reconciliationMs }),
    ...(limits === undefined ? {} : { limits }),
  };
}

/** What the gate says after an attempt that let the writers go again. */
export function whyAgain(result: CutoverResult): string {
  return result.outcome === 'refused' ? result.sentence : `The last attempt released the writers. ${result.sentence}`;
}

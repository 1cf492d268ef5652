import type { BlockedBatch, DecideMessage, FindingSummary, ResolveMessage, RunStatus } from '../contract/run';
import type { DrillMessage } from '../contract/delta';
import { decisionMatches } from '../profile/decision-match';
import { acceptsByNumber, lacksNumber, unmetExpectation } from '../profile/undecided';
import { isBadRowsBlock } from './blocked';
import { limitKind } from '../copy/row-limit';
import { captureBlock } from './follow-view';

/** The findings that a decision is about: the one of that name, or all that its pattern covers and that take it. */
export function chosenFindings(message: DecideMessage, undecided: readonly FindingSummary[]): FindingSummary[] {
  const exact = undecided.filter(({ id }) => id === message.finding);
  if (exact.length > 0) return exact;
  return undecided.filter(({ id, choices }) => decisionMatches(message.finding, id) && choices.includes(message.do));
}

/** Why a decision is refused, as a sentence, or null when it stands. */
export function refuseDecision(message: DecideMessage, undecided: readonly FindingSummary[]): string | null {
  const covered = undecided.filter(({ id }) => decisionMatches(message.finding, id));
  const chosen = chosenFindings(message, undecided);
  const [first] = chosen.length > 0 ? chosen : covered;
  if (first === undefined) {
    const open = undecided.map(({ id }) => id).slice(0, 10);
    return `No undecided finding ${message.finding}. Undecided now: ${open.join(', ') || 'none'}.`;
  }
  if (chosen.length === 0 || !first.choices.includes(message.do)) {
    return `${first.id} takes ${first.choices.join(' or ')}, not ${message.do}.`;
  }
  const { expect } = message;
  const seen = chosen.reduce((sum, { rows }) => sum + rows, 0);
  const unnumbered = chosen.find((finding) => lacksNumber(finding, { action: message.do, expect: expect ?? null }));
  if (unnumbered !== undefined) return `${unnumbered.id}: ${unnumbered.sentence} ${acceptsByNumber(unnumbered.rows)}`;
  if (expect === undefined) return null;
  const off = first.kind === limitKind ? Math.max(0, seen - expect.rows) : Math.abs(seen - expect.rows);
  if (off <= (expect.tolerance ?? 0)) return null;
  const expected = unmetExpectation('The decision', { rows: expect.rows, tolerance: expect.tolerance ?? 0 }, seen);
  return `${message.finding}: ${expected} Look at them, then decide it with the number that is seen.`;
}

/** What a resolution is about: a stopped capture is no batch that could be quarantined, a batch none that could be resynced. */
export function chosenBlocked(message: ResolveMessage, blocked: readonly BlockedBatch[]): BlockedBatch[] {
  return blocked
    .filter(({ what }) => message.what === '*' || message.what === what)
    .filter(({ what }) => choicesOf(what).includes(message.do));
}

/** What a blocked thing takes: rows that are bad are decided, and nothing but looked at again by `retry`. */
function choicesOf(what: string): readonly string[] {
  if (what === captureBlock) return ['resync', 'retry'];
  return isBadRowsBlock(what) ? ['retry'] : ['retry', 'quarantine'];
}

/** Why a resolution is refused, as a sentence, or null when it stands. */
export function refuseResolution(message: ResolveMessage, blocked: readonly BlockedBatch[]): string | null {
  if (chosenBlocked(message, blocked).length > 0) return null;
  const names = blocked.map(({ what }) => what);
  if (names.includes(message.what)) {
    const decided = isBadRowsBlock(message.what) ? ' Decide its findings instead.' : '';
    return `${message.what} takes ${choicesOf(message.what).join(' or ')}, not ${message.do}.${decided}`;
  }
  const subject =
    message.what !== '*'
      ? `${message.what} is not blocked`
      : names.length === 0
        ? 'No batch is blocked'
        : `No blocked item takes ${message.do}`;
  return `${subject}. Blocked now: ${names.slice(0, 10).join(', ') || 'none'}.`;
}

/** Why the cutover cannot be approved although its gate is open, as a sentence, or null. */
export function refuseCutover(view: Pick<RunStatus, 'undecided' | 'blocked'>, paused: boolean): string | null {
  if (paused) return 'The run is paused and falls behind; resume it before approving the cutover.';
  if (view.undecided.length > 0) {
    const named = view.undecided.map(({ id }) => id).slice(0, 10);
    return `No cutover while findings have no decision: ${named.join(', ')}.`;
  }
  if (view.blocked.length === 0) return null;
  return `No cutover while something is blocked: ${view.blocked
    .map(({ what }) => what)
    .slice(0, 10)
    .join(', ')}.`;
}

/** A drill needs nobody's approval, unless it may stop writers for longer than the plan says: that is for who approves the cutover. */
export function refuseDrillTerms(
  { by, max_freeze: freeze }: DrillMessage,
  approvers: Readonly<Record<string, readonly string[]>>,
): string | null {
  const allowed = approvers['cutover'] ?? [];
  if (freeze === undefined || allowed.length === 0 || allowed.includes(by)) return null;
  return `${by} may not set max_freeze; the plan names ${allowed.join(', ')} for the cutover.`;
}

/** Why there can be no drill now, as a sentence, or null. */
export function refuseDrill(
  view: Pick<RunStatus, 'undecided' | 'blocked' | 'phase'>,
  now: { readonly open: boolean; readonly busy: boolean; readonly paused: boolean },
): string | null {
  if (!now.open)
    return `A drill needs a run that has copied everything and follows its source; this one is in ${view.phase}.`;
  if (now.busy) return 'A drill is under way already.';
  if (now.paused) return 'The run is paused and falls behind; resume it before the drill.';
  if (view.blocked.length === 0) return null;
  return `No drill while something is blocked: ${view.blocked
    .map(({ what }) => what)
    .slice(0, 10)
    .join(', ')}.`;
}

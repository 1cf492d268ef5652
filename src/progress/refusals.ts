import type { BlockedBatch, DecideMessage, FindingSummary, ResolveMessage, RunStatus } from '../contract/run';
import { captureBlock } from './follow-view';

/** Why a decision is refused, as a sentence, or null when it stands. */
export function refuseDecision(message: DecideMessage, undecided: readonly FindingSummary[]): string | null {
  const finding = undecided.find(({ id }) => id === message.finding);
  if (finding === undefined) {
    const open = undecided.map(({ id }) => id).slice(0, 10);
    return `No undecided finding ${message.finding}. Undecided now: ${open.join(', ') || 'none'}.`;
  }
  if (finding.choices.includes(message.do)) return null;
  return `${message.finding} takes ${finding.choices.join(' or ')}, not ${message.do}.`;
}

/** What a resolution is about: a stopped capture is no batch that could be quarantined, a batch none that could be resynced. */
export function chosenBlocked(message: ResolveMessage, blocked: readonly BlockedBatch[]): BlockedBatch[] {
  return blocked
    .filter(({ what }) => message.what === '*' || message.what === what)
    .filter(({ what }) => message.do === 'retry' || (message.do === 'resync') === (what === captureBlock));
}

/** Why a resolution is refused, as a sentence, or null when it stands. */
export function refuseResolution(message: ResolveMessage, blocked: readonly BlockedBatch[]): string | null {
  if (chosenBlocked(message, blocked).length > 0) return null;
  const names = blocked.map(({ what }) => what);
  if (names.includes(message.what)) {
    const choices = message.what === captureBlock ? 'resync or retry' : 'retry or quarantine';
    return `${message.what} takes ${choices}, not ${message.do}.`;
  }
  const subject =
    message.what !== '*'
      ? `${message.what} is not blocked`
      : names.length === 0
        ? 'No batch is blocked'
        : `Nothing that is blocked takes ${message.do}`;
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

import type { BlockedBatch, DecideMessage, FindingSummary, ResolveMessage } from '../contract/run';

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

/** Why a resolution is refused, as a sentence, or null when it stands. */
export function refuseResolution(message: ResolveMessage, blocked: readonly BlockedBatch[]): string | null {
  const names = blocked.map(({ what }) => what);
  if (message.what === '*' ? names.length > 0 : names.includes(message.what)) return null;
  const subject = message.what === '*' ? 'No batch is blocked' : `${message.what} is not blocked`;
  return `${subject}. Blocked now: ${names.slice(0, 10).join(', ') || 'none'}.`;
}

import type { ApproveMessage } from '../contract/run';

/** Why an approval is refused, as a sentence, or null when it stands. */
export function refuseApproval(
  message: ApproveMessage,
  openGates: readonly string[],
  alreadyApproved: string | null,
  code: string,
  approvers: Readonly<Record<string, readonly string[]>>,
): string | null {
  if (openGates.length === 0 && alreadyApproved === message.gate) return `${message.gate} is approved already.`;
  if (openGates.length === 0) return `No gate waits for approval now, so ${message.gate} cannot be approved.`;
  if (alreadyApproved !== null) return `${alreadyApproved} is approved already.`;
  if (!openGates.includes(message.gate)) return `The run waits at ${openGates.join(' or ')}, not at ${message.gate}.`;
  if (message.code !== code)
    return `The plan code is ${code}; the approval names ${message.code}. Read the plan again before approving.`;
  const allowed = approvers[message.gate];
  if (allowed !== undefined && allowed.length > 0 && !allowed.includes(message.by)) {
    return `${message.by} may not approve ${message.gate}; the plan names ${allowed.join(', ')}.`;
  }
  return null;
}

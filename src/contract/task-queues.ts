/** Workflows and everything light; a fleet with its own environment takes a queue of its own. */
export const defaultTaskQueue = 'rowproof';

/** What moves or reads whole tables, in fixed slots, beside the control queue of that name. */
export function copyQueue(controlQueue: string): string {
  return `${controlQueue}-copy`;
}

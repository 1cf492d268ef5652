/** The time of the current workflow task: Temporal replaces Date inside workflows, so replay sees the same instant. */
export function workflowTime(): string {
  return new Date().toISOString();
}

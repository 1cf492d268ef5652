import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';

/** Shuts the workers down once their queue has had no open workflow, or their server no answer, for `seconds`. */
export function endWhenIdle(client: Client, taskQueue: string, seconds: number, workers: readonly Worker[]): void {
  let idleSince: number | null = null;
  const timer = setInterval(() => void look(), 5_000);
  timer.unref();

  async function look(): Promise<void> {
    try {
      const { count } = await client.workflow.count(`TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running'`);
      idleSince = count > 0 ? null : (idleSince ?? Date.now());
    } catch {
      idleSince ??= Date.now();
    }
    if (idleSince === null || Date.now() - idleSince < seconds * 1000) return;
    clearInterval(timer);
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  }
}

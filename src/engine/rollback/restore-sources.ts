import type { FreezeDetail } from '../../rollback/step-detail';
import { dropFreeze } from '../cutover/freeze';
import type { Host } from '../host';
import { onSource } from '../source-work';
import type { TargetWork } from '../target-work';

/** Lets writers into the source again. Idempotent; RP5503 names who holds a table. */
export function releaseFreeze(host: Host, work: TargetWork, detail: FreezeDetail): Promise<void> {
  const { cutover } = work.run.compiled.plan.settings;
  const limits = { lockMs: cutover.lockTimeoutMs, budgetMs: cutover.lockBudgetMs };
  return onSource(host, work, detail.source, 'release freeze', (source) =>
    dropFreeze(source, detail.trigger, limits, work.heartbeat),
  );
}

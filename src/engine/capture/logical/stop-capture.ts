import type { LogicalFacts } from '../../../capture/logical-facts';
import { fail, type RowproofError } from '../../../errors/rowproof-error';
import { readCursors } from '../../../postgres/ledger/follow/cursor';
import { lockApplyLease, setApplyLeaseState } from '../../../postgres/ledger/follow/apply-lease';
import { inTransaction } from '../../../postgres/transaction';
import type { SourceWork } from '../capture-kind';

type StopWork = Pick<SourceWork, 'run' | 'sourceName' | 'target'>;

/** Stops the apply leases by name and returns the error that says so (RP5361). */
export async function stopBroken(
  work: StopWork,
  facts: LogicalFacts,
  reason: string,
  cause?: unknown,
): Promise<RowproofError> {
  const what = `Source ${work.sourceName}: ${reason}`;
  await stopApplyLeases(work, facts, what);
  return fail('RP5361', what, { where: { object: work.sourceName }, cause });
}

/** Stops the apply leases unless the capture was repaired since `facts` were read. Leases that are closed stay closed. */
export async function stopApplyLeases(
  { target, run, sourceName }: StopWork,
  facts: LogicalFacts,
  reason: string,
): Promise<void> {
  await inTransaction(target, 'read write', async () => {
    const leases = [];
    for (const lease of ['delta', 'intake'] as const)
      leases.push({ lease, now: await lockApplyLease(target, run.run, lease) });
    const cursor = (await readCursors(target, run.run)).find(({ source }) => source === sourceName);
    if ((cursor?.capture as unknown as LogicalFacts | undefined)?.startLsn !== facts.startLsn) return;
    for (const { lease, now } of leases) {
      if (now?.state === 'open') await setApplyLeaseState(target, run.run, lease, 'stopped', reason);
    }
  });
}

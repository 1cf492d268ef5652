import type { LogicalFacts } from '../../../capture/logical-facts';
import { fail, type RowproofError } from '../../../errors/rowproof-error';
import { readCursors } from '../../../postgres/ledger/follow/cursor';
import { lockLane, setLaneState } from '../../../postgres/ledger/follow/apply-lease';
import { inTransaction } from '../../../postgres/transaction';
import type { SourceWork } from '../capture-kind';

type StopWork = Pick<SourceWork, 'run' | 'sourceName' | 'target'>;

/** Stops the lanes by name and returns the error that says so (RP5361). */
export async function stopBroken(
  work: StopWork,
  facts: LogicalFacts,
  reason: string,
  cause?: unknown,
): Promise<RowproofError> {
  const what = `Source ${work.sourceName}: ${reason}`;
  await stopLanes(work, facts, what);
  return fail('RP5361', what, { where: { object: work.sourceName }, cause });
}

/** Stops the lanes unless the capture was repaired since `facts` were read. Lanes that are closed stay closed. */
export async function stopLanes(
  { target, run, sourceName }: StopWork,
  facts: LogicalFacts,
  reason: string,
): Promise<void> {
  await inTransaction(target, 'read write', async () => {
    const lanes = [];
    for (const lane of ['delta', 'intake'] as const) lanes.push({ lane, now: await lockLane(target, run.run, lane) });
    const cursor = (await readCursors(target, run.run)).find(({ source }) => source === sourceName);
    if ((cursor?.capture as unknown as LogicalFacts | undefined)?.startLsn !== facts.startLsn) return;
    for (const { lane, now } of lanes) {
      if (now?.state === 'open') await setLaneState(target, run.run, lane, 'stopped', reason);
    }
  });
}

import { capturedRelations } from '../../capture/captured-relations';
import { captureName } from '../../postgres/queries/capture/name';
import { currentLsn, pullUpTo } from '../capture/logical/pull-changes';
import type { LeaseHolder } from './apply-lease';

/**
 * Brings into `pending` whatever the snapshots of this round see. Called after they were taken: all that they see was written to
 * the log before the position read now.
 */
export async function pullSeen(holder: LeaseHolder, heartbeat: () => void): Promise<void> {
  const { run } = holder;
  if (run.compiled.plan.capture !== 'logical') return;
  const relations = capturedRelations(run.compiled);
  // one after the other: they share the apply lease of the intake
  for (const sourceName of holder.sourceNames) {
    const { source, target } = await holder.intake(sourceName);
    const lsn = await currentLsn(source);
    await pullUpTo(
      {
        run,
        sourceName,
        name: captureName(run, sourceName),
        source,
        target,
        relations: relations.filter((relation) => relation.source === sourceName),
        heartbeat,
        ...(holder.lockMs === null ? {} : { slotPatienceMs: holder.lockMs }),
      },
      lsn,
    );
  }
}

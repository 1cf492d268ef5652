import { capturedRelations } from '../../capture/captured-relations';
import { captureName } from '../../postgres/queries/capture/name';
import type { Session } from '../../postgres/session';
import type { LoneWork, SourceCapture } from './capture-kind';
import { captureOf } from './capture-source';
import type { TargetWork } from '../target-work';
import type { Host } from '../host';
import { withSessions } from '../session-scope';

/**
 * Does `each` for every source that relations are captured on, one after the other; nothing where the plan captures nothing. Needs
 * nothing of the target. Sessions end with it, and at once when the call is cancelled.
 */
export async function onCaptureSources<T>(
  host: Host,
  { ref, run, heartbeat }: Pick<TargetWork, 'ref' | 'run' | 'heartbeat'>,
  purpose: string,
  each: (capture: SourceCapture, source: LoneWork) => Promise<T>,
): Promise<T[]> {
  const capture = captureOf(run);
  if (capture === null) return [];
  const relations = capturedRelations(run.compiled);
  const results: T[] = [];
  for (const sourceName of new Set(relations.map(({ source }) => source))) {
    const found = await withSessions(host, ref, purpose, async (scope) => {
      heartbeat();
      const openSource = (): Promise<Session> => scope.openSource(run, sourceName);
      const source = await openSource();
      const own = relations.filter((relation) => relation.source === sourceName);
      const name = captureName(run, sourceName);
      const { fault = null } = host;
      return each(capture, { fault, run, sourceName, name, source, relations: own, openSource, heartbeat });
    });
    results.push(found);
  }
  return results;
}

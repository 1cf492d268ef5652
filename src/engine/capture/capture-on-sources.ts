import { capturedRelations } from '../../capture/captured-relations';
import { captureName } from '../../postgres/queries/capture/name';
import type { Session } from '../../postgres/session';
import type { LoneWork, SourceCapture } from './capture-kind';
import { captureOf } from './capture-source';
import type { ActivityHost } from '../../../activities/temporal-host';
import type { StepWork } from '../../../activities/prepare-host';

/**
 * Does `each` for every source that relations are captured on, one after the other; nothing where the plan captures nothing. Needs
 * nothing of the target. Sessions end with it, and at once when the activity is cancelled.
 */
export async function onCaptureSources<T>(
  host: ActivityHost,
  { run, beat, signal }: Pick<StepWork, 'run' | 'beat' | 'signal'>,
  purpose: string,
  each: (capture: SourceCapture, source: LoneWork) => Promise<T>,
): Promise<T[]> {
  const capture = captureOf(run);
  if (capture === null) return [];
  const relations = capturedRelations(run.compiled);
  const results: T[] = [];
  for (const sourceName of new Set(relations.map(({ source }) => source))) {
    const opened: Session[] = [];
    const openSource = async (why: string): Promise<Session> => {
      const one = await host.databases.source(run.compiled, sourceName, why);
      opened.push(one);
      return one;
    };
    const cut = (): void => opened.forEach((one) => one.destroy());
    signal?.addEventListener('abort', cut, { once: true });
    try {
      beat();
      const source = await openSource(purpose);
      const own = relations.filter((relation) => relation.source === sourceName);
      const name = captureName(run, sourceName);
      results.push(await each(capture, { run, sourceName, name, source, relations: own, openSource, beat }));
    } catch (error) {
      // a destroyed socket raises whatever it was doing; the reason is the cancellation
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cut);
      await Promise.all(opened.map((one) => one.close()));
    }
  }
  return results;
}

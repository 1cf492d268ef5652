import type { RowFailure } from '../../copy/classify-failure';
import { isolateBadItems } from '../../copy/isolate-bad-items';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import type { Session } from '../../postgres/session';

/** Undoes a trial, or a statement that wrote fewer rows than it was given. */
export class Undo extends Error {}

export function isUndo(error: unknown): boolean {
  return error instanceof Undo;
}

/**
 * Those of `places` that the target refuses, by halving, in a trial that is undone. `attempt` writes some of them and says whether all
 * took effect. A failure whose SQLSTATE is `notOurs` is no reason here.
 */
export async function findRefusedPlaces(options: {
  readonly session: Session;
  readonly places: readonly string[];
  readonly attempt: (some: readonly string[]) => Promise<boolean>;
  readonly notOurs?: string;
  readonly heartbeat: () => void;
}): Promise<Map<string, RowFailure>> {
  const { session, places, attempt, notOurs, heartbeat } = options;
  const refused = new Map<string, RowFailure>();
  const trial = async ({ from, to }: { from: number; to: number }): Promise<RowFailure | null> => {
    heartbeat();
    const tried = await inSavepoint(
      session,
      async () => {
        if (!(await attempt(places.slice(from, to)))) throw new Undo();
      },
      isUndo,
    );
    if (!('failed' in tried) || (notOurs !== undefined && tried.failed.sqlstate === notOurs)) return null;
    return { ...tried.failed, side: 'target', ...(tried.error instanceof Undo ? { dropped: true } : {}) };
  };
  await inSavepoint(
    session,
    async () => {
      await isolateBadItems<RowFailure>({ from: 0, to: places.length }, trial, (position, failure) => {
        refused.set(places[position] as string, failure);
        return Promise.resolve();
      });
      throw new Undo();
    },
    isUndo,
  );
  return refused;
}

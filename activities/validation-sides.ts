import type { CompiledMapping } from '../src/contract/compiled';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { currentSnapshot, liftTimeouts } from '../src/postgres/queries/copy-transaction';
import { setWorkMem } from '../src/postgres/queries/proof-rows';
import type { Session } from '../src/postgres/session';
import { inTransaction } from '../src/postgres/transaction';
import type { CopySessions } from './copy-sessions';

/** The sessions of a proof. */
export interface Sides {
  readonly source: Session;
  readonly target: Session;
  /** A second session on the target, for look-ups while the first one streams. */
  readonly helper: Session;
}

export async function openSides(sessions: CopySessions, run: LoadedRun, mapping: CompiledMapping): Promise<Sides> {
  return {
    source: await sessions.openSource(run, mapping.source),
    target: (await sessions.openTarget()).target,
    helper: (await sessions.openTarget()).target,
  };
}

/** Takes one snapshot a side, both before anything is read, and reads in them. Nothing can be written meanwhile. */
export function inSnapshots<T>(run: LoadedRun, sides: Sides, read: () => Promise<T>): Promise<T> {
  const { workMem } = run.compiled.plan.settings.proof;
  const prepare = async (session: Session): Promise<void> => {
    // the first statement takes the snapshot
    await currentSnapshot(session);
    await liftTimeouts(session);
    if (workMem !== null) await setWorkMem(session, workMem);
  };
  const mode = 'repeatable read read only';
  return inTransaction(sides.source, mode, async () => {
    await prepare(sides.source);
    return inTransaction(sides.target, mode, async () => {
      await prepare(sides.target);
      return read();
    });
  });
}

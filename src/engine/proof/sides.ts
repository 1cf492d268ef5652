import type { CompiledMapping } from '../../contract/compiled';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { currentSnapshot, disableTimeouts } from '../../postgres/queries/copy/transaction';
import { setWorkMem } from '../../postgres/queries/proof/rows';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import type { SessionScope } from '../session-scope';

/** The sessions of a proof. */
export interface Sides {
  readonly source: Session;
  readonly target: Session;
  /** On the target, for look-ups in the ledger while `target` streams; in the same snapshot where something writes meanwhile. */
  readonly lookup: Session;
  /** On the target and outside of any transaction: it spells texts, and a value that it refuses must not end more than that. */
  readonly formatter: Session;
}

export async function openSides(sessions: SessionScope, run: LoadedRun, mapping: CompiledMapping): Promise<Sides> {
  const source = await sessions.openSource(run, mapping.source);
  const { target } = await sessions.openTarget();
  const helper = (await sessions.openTarget()).target;
  return { source, target, lookup: helper, formatter: helper };
}

/** Sets an open transaction up for reading as long as a proof takes. */
export async function prepareReading(run: LoadedRun, session: Session): Promise<void> {
  const { workMem } = run.compiled.plan.settings.proof;
  await disableTimeouts(session);
  if (workMem !== null) await setWorkMem(session, workMem);
}

/** Takes one snapshot a side, both before anything is read, and reads in them. Nothing can be written meanwhile. */
export function inSnapshots<T>(run: LoadedRun, sides: Sides, read: () => Promise<T>): Promise<T> {
  const prepare = async (session: Session): Promise<void> => {
    // the first statement takes the snapshot
    await currentSnapshot(session);
    await prepareReading(run, session);
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

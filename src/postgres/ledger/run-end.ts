import type { RunEnd } from '../../progress/ways-out';
import type { Session } from '../session';
import { isOpened, leftFrozen } from './cutover';
import { readPhases } from './phase';
import { loadRunSummary } from './run';
import { frozenStill, readOpenSteps } from './step';

/** What decides which commands lead on from a run without an open workflow. RP4001 when there is no such run. */
export async function readRunEnd(session: Session, run: string): Promise<RunEnd> {
  const { outcome, sentence, phase, plan } = await loadRunSummary(session, run);
  const phases = await readPhases(session, run);
  const opened = await isOpened(session, run);
  return {
    run,
    plan,
    outcome,
    sentence,
    phase,
    opened,
    frozen: opened ? await frozenStill(session, run) : await leftFrozen(session, run),
    rollingBack: phases.some((one) => one.phase === 'rollback'),
    undoable: (await readOpenSteps(session, run)).length > 0,
  };
}

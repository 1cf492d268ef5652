import type { RunEnd } from '../../../progress/ways-out';
import type { Session } from '../../session';
import { isOpened, leftFrozen } from '../cutover';
import { readPhases, type PhaseTimes } from './phase';
import { loadRunSummary } from './run';
import { frozenStill, readOpenSteps, readSteps } from './step';

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
    released: !opened && frozenBeforeCopy(phases) && (await anyReleased(session, run)),
    rollingBack: phases.some((one) => one.phase === 'rollback'),
    undoable: (await readOpenSteps(session, run)).length > 0,
  };
}

/** A source that is not followed stood still for the copy: nothing is carried over that is written to it later. */
function frozenBeforeCopy(phases: readonly PhaseTimes[]): boolean {
  const followed = phases.some(({ phase }) => phase === 'capture');
  return !followed && phases.some(({ phase, finishedAt }) => phase === 'freeze' && finishedAt !== null);
}

async function anyReleased(session: Session, run: string): Promise<boolean> {
  return (await readSteps(session, run, 'freeze')).some(({ state }) => state === 'restored');
}

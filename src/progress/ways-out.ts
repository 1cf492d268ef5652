import type { Phase } from '../contract/run';
import { finish, goOn, releaseFreeze, report, undo } from './commands';

/** A run without an open workflow, as its ledger knows it. */
export interface RunEnd {
  readonly run: string;
  readonly plan: string;
  readonly outcome: string | null;
  readonly sentence: string | null;
  readonly phase: Phase;
  readonly opened: boolean;
  /** Sources whose writers it keeps out. */
  readonly frozen: readonly string[];
  /** Its sources were frozen before the copy, and take writes again although its target is not open. */
  readonly released?: boolean;
  /** A rollback of it has begun. */
  readonly rollingBack: boolean;
  /** Something that it did is left to undo. */
  readonly undoable: boolean;
}

export interface Way {
  /** What the command comes to, as the end of a sentence. */
  readonly does: string;
  readonly command: string;
}

/** What `rollback` comes to where nothing else leads on, and why. */
const onlyBack =
  'undoes all of it; nothing else is possible: the sources were frozen before the copy and take writes again, which nothing copies to the target';

/** The commands that lead on from the end of a run, none of which is refused there. */
export function waysOut(end: RunEnd): Way[] {
  const { run, outcome, opened, frozen, rollingBack, undoable } = end;
  const release = { does: `lets writers of ${frozen.join(', ')} write there again`, command: releaseFreeze(run) };
  const forget = { does: 'removes its ledger; after that there is no way back and no report', command: finish(run) };
  const over = outcome === 'checked' || outcome === 'rolled_back' || (outcome !== null && rollingBack && !undoable);
  if (over) return [forget];
  if (opened && outcome !== null && outcome !== 'complete')
    return [{ does: 'closes the books again', command: goOn(run) }, frozen.length > 0 ? release : forget];
  if (opened)
    return outcome === null ? [{ does: 'goes on', command: goOn(run) }] : [frozen.length > 0 ? release : forget];
  const back = { does: 'undoes all of it', command: undo(run) };
  if (end.released === true && !rollingBack && outcome !== 'complete') return [{ ...back, does: onlyBack }];
  if (outcome === 'complete') return [back, frozen.length > 0 ? release : forget];
  if (rollingBack) return [{ ...back, does: 'completes its rollback' }, ...(frozen.length > 0 ? [release] : [])];
  return [{ does: 'goes on', command: goOn(run) }, back, ...(frozen.length > 0 ? [release] : [])];
}

/** As lines below a status. */
export function wayLines(ways: readonly Way[]): string[] {
  const width = Math.max(0, ...ways.map(({ command }) => command.length));
  return ways.map(({ command, does }) => `    ${command.padEnd(width)}   # ${does}`);
}

/** As the fix of a refusal. */
export function wayFix(end: RunEnd): string {
  const ways = waysOut(end).map(({ command, does }) => `\`${command}\` ${does}.`);
  return [...ways, `\`${report(end.run)}\` writes its report.`].join(' ');
}

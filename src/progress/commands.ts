import type { Terms } from './cutover-offers';

/**
 * Commands as screens and sentences print them: complete, so that they work as they stand (YOU and WHY may be replaced), and for a run by
 * its name, so that they work in any folder. Whoever shows one may add where the run is found.
 */

const signed = '--by YOU --reason WHY';

/** Goes on with an unfinished run. */
export const goOn = (run: string): string => `rowproof run ${run}`;
export const resumeFrom = (run: string, planFile: string): string => `rowproof run --resume ${run} ${quoted(planFile)}`;
/** Ends a workflow that no worker here can carry on, and goes on from the ledger with another. */
export const replaceWorkflow = (run: string): string => `rowproof run ${run} --replace-workflow`;
export const undo = (run: string): string => `rowproof rollback ${run} ${signed}`;
export const finish = (run: string): string => `rowproof finish ${run}`;
export const releaseFreeze = (run: string): string => `rowproof finish ${run} --release-freeze`;
export const look = (run: string): string => `rowproof status ${run}`;
export const watch = (run: string): string => `rowproof watch ${run}`;
export const report = (run: string): string => `rowproof report ${run}`;
export const abortAndUndo = (run: string): string => `rowproof abort ${run} --then rollback ${signed}`;
export const resume = (run: string): string => `rowproof resume ${run}`;
export const drill = (run: string, terms: Terms = {}): string =>
  `rowproof cutover ${run} --drill ${signed}${withTerms(terms)}`;
export const cutOver = (run: string, code: string, terms: Terms = {}): string =>
  `rowproof cutover ${run} --code ${code} ${signed}${withTerms(terms)}`;
export const approve = (run: string, gate: string, code: string): string =>
  `rowproof approve ${gate} --code ${code} ${signed} --run ${run}`;
export const resolve = (run: string, what: string, action: string): string =>
  `rowproof resolve ${quoted(what)} ${action} ${signed} --run ${run}`;

/** `rows` null: a decision that no number belongs to. */
export function decide(run: string, finding: string, action: string, rows: number | null): string {
  const expect = rows === null ? '' : ` --expect ${rows}`;
  return `rowproof decide ${quoted(finding)} ${action}${expect} ${signed} --run ${run}`;
}

function withTerms({ max_freeze: freeze, books }: Terms): string {
  return `${freeze === undefined ? '' : ` --max-freeze ${freeze}`}${books === undefined ? '' : ` --books ${books}`}`;
}

/** One word of a shell, quoted where it has to be. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A worker on the queue of a run. */
export function worker(taskQueue: string, plansFolder: string | null): string {
  return `rowproof worker --task-queue ${quoted(taskQueue)}${plansFolder === null ? '' : ` --plans ${quoted(plansFolder)}`}`;
}

/** The same, which takes new runs also where another build does. */
export const makeCurrent = (taskQueue: string, plansFolder: string | null): string =>
  `${worker(taskQueue, plansFolder)} --make-current`;

import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { CompiledPlan } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { restrictPlan } from '../../compile/restrict-plan';
import { RowproofError, fail, problem, type Problem } from '../../errors/rowproof-error';
import { connectionsOf } from '../../plan/resolve/connections';
import { goOn, resumeFrom, undo, watch } from '../../progress/commands';
import { wayFix } from '../../progress/ways-out';
import { parsePlan } from '../../plan/parse-plan';
import { readPhases, type PhaseTimes } from '../../postgres/ledger/run/phase';
import { closeRun, createRun, latestRun, loadRun, type LoadedRun } from '../../postgres/ledger/run/run';
import { readRunEnd } from '../../postgres/ledger/run/run-end';
import { ensureLedger } from '../../postgres/ledger/run/schema';
import { hasRows } from '../../postgres/queries/rollback/rows';
import type { Session } from '../../postgres/session';
import { checkPlan } from './check-plan';
import type { PlanFile } from '../plans-folder';
import { ledgerOf, readPlan, withSession } from './read-plan';

export interface OpenRunOptions {
  readonly only: readonly string[] | null;
  readonly sample: number | null;
  /** Nothing will be written, so the target may hold rows. */
  readonly checkOnly?: boolean;
  /** Workflow that asks; a run driven by another open workflow is refused. */
  readonly workflowId: string | null;
  readonly workflowIsOpen: (workflowId: string, run: string) => Promise<boolean>;
}

export interface OpenRunResult {
  readonly ref: RunRef;
  readonly plan: string;
  readonly code: string;
  /** Tells this run from one of the same name in another ledger; says nothing about either. */
  readonly identity: string;
  readonly resumed: boolean;
  /** The plan file has other settings now; a run keeps those it was started with. */
  readonly settingsDiffer: boolean;
}

/**
 * Finds the unfinished run of a plan or creates one. The ledger decides: an unfinished run of the same digest goes on,
 * one of another digest is refused (RP4203), one that is driven by an open workflow too (RP4202).
 */
export async function openRun(file: PlanFile, env: NodeJS.ProcessEnv, options: OpenRunOptions): Promise<OpenRunResult> {
  const read = await readPlan(file, env);
  const ledger = ledgerOf(read.plan.target, read.plan.name);
  return withSession(read.plan.target, env, 'open run', async (session) => {
    const unfinished = await unfinishedRun(session, read.plan.name);
    if (unfinished !== null) await refuseWhenDriven(unfinished, options);
    const phases = unfinished === null ? [] : await readPhases(session, unfinished.run);
    if (unfinished !== null) {
      refuseAfterRollback(unfinished.run, phases);
      if (options.checkOnly === true && hasBegun(phases)) throw checkOfBegunRun(unfinished.run);
    }
    const edited = unfinished !== null && unfinished.compiled.digest !== read.digest.digest;
    if (unfinished !== null && !(edited && !hasBegun(phases))) {
      if (edited) {
        throw fail(
          'RP4203',
          `${unfinished.run} was started with plan code ${unfinished.compiled.code}; the plan file now has ${read.digest.code}.`,
          { fix: editedFix(unfinished.run, file.file) },
        );
      }
      if (!isDeepStrictEqual(unfinished.options, runOptions(options))) {
        throw fail('RP4203', `${unfinished.run} was started with other --only or --sample options and is unfinished.`, {
          fix: editedFix(unfinished.run, file.file),
        });
      }
      return {
        ref: { run: unfinished.run, ledger },
        plan: unfinished.plan,
        code: unfinished.compiled.code,
        identity: identityOf(unfinished),
        resumed: true,
        settingsDiffer: !isDeepStrictEqual(unfinished.compiled.plan.settings, read.plan.settings),
      };
    }
    const { compiled, problems } = await checkPlan(read, env, {
      readsOnly: options.checkOnly === true || options.only !== null || options.sample !== null,
    });
    const errors = problems.filter(({ severity }) => severity === 'error').map(({ problem }) => problem);
    if (compiled === null || errors.length > 0) throw new RowproofError(errors);
    const taken = restricted(compiled, options);
    if (options.checkOnly !== true) await refuseFullTables(session, taken);
    // nothing is written to the target before the plan is known to be sound
    await ensureLedger(session, unfinished?.run ?? null);
    if (unfinished !== null)
      await closeRun(session, unfinished.run, 'aborted', 'Its plan was edited before anything was written.');
    const run = await createRun(session, {
      plan: read.plan.name,
      compiled: taken,
      options: runOptions(options),
    });
    const identity = identityOf(await loadRun(session, run));
    return {
      ref: { run, ledger },
      plan: read.plan.name,
      code: read.digest.code,
      identity,
      resumed: false,
      settingsDiffer: false,
    };
  });
}

function editedFix(run: string, file: string): string {
  return `Go on with what was started: \`${resumeFrom(run, file)}\`. Or undo it first: \`${undo(run)}\`.`;
}

/** RP5101 for each table that the plan wants empty and is not; preparing looks again under its locks. */
async function refuseFullTables(session: Session, compiled: CompiledPlan): Promise<void> {
  const problems: Problem[] = [];
  for (const { whenNotEmpty, target } of compiled.mappings) {
    if (whenNotEmpty !== 'refuse' || !(await hasRows(session, target))) continue;
    const object = `${target.schema}.${target.name}`;
    problems.push(problem('RP5101', `Target table ${object} is not empty.`, { where: { object } }));
  }
  if (problems.length > 0) throw new RowproofError(problems);
}

/** An unfinished run goes on with what it compiled at its start, whatever the plan file says now. */
export async function resumeRun(
  file: PlanFile,
  env: NodeJS.ProcessEnv,
  run: string,
  workflowIsOpen: (workflowId: string, run: string) => Promise<boolean>,
): Promise<OpenRunResult> {
  const parsed = parsePlan(file.text, file.file);
  if (parsed.plan === null) throw new RowproofError(parsed.problems);
  const { target } = connectionsOf(parsed.plan);
  return withSession(target, env, 'resume run', (session) =>
    continueRun(session, { run, ledger: ledgerOf(target, parsed.plan?.name ?? '') }, workflowIsOpen),
  );
}

/** The same by its ledger alone. RP4208 where it is over, with what leads on. */
export async function continueRun(
  session: Session,
  ref: RunRef,
  workflowIsOpen: (workflowId: string, run: string) => Promise<boolean>,
): Promise<OpenRunResult> {
  const found = await loadRun(session, ref.run);
  if (isFinished(found)) {
    throw fail('RP4208', `${ref.run} is ${found.outcome?.replace('_', ' ')} and takes no further work.`, {
      fix: wayFix(await readRunEnd(session, ref.run)),
    });
  }
  await refuseWhenDriven(found, { workflowId: null, workflowIsOpen });
  refuseAfterRollback(ref.run, await readPhases(session, ref.run));
  return {
    ref,
    plan: found.plan,
    code: found.compiled.code,
    identity: identityOf(found),
    resumed: true,
    settingsDiffer: false,
  };
}

/** The latest run of a plan that was neither completed, checked nor rolled back. */
async function unfinishedRun(session: Session, plan: string): Promise<LoadedRun | null> {
  const latest = await latestRun(session, plan);
  if (latest === null) return null;
  const run = await loadRun(session, latest);
  return isFinished(run) ? null : run;
}

/** Whether preparing the target or freezing a source was started: before that an edited plan may take the run's place. */
export function hasBegun(phases: readonly Pick<PhaseTimes, 'phase'>[]): boolean {
  return phases.some(({ phase }) => phase === 'prepare' || phase === 'freeze');
}

/** RP4208 once a rollback of the run has begun: only its rollback goes on. */
export function refuseAfterRollback(run: string, phases: readonly Pick<PhaseTimes, 'phase'>[]): void {
  if (!phases.some(({ phase }) => phase === 'rollback')) return;
  throw fail('RP4208', `A rollback of ${run} has begun.`, {
    why: 'Part of what it wrote was already removed, so it cannot go on.',
    fix: `Complete the rollback: \`${undo(run)}\`.`,
  });
}

export function checkOfBegunRun(run: string): RowproofError {
  return fail('RP4207', `${run} has begun to write, so its plan cannot be checked separately now.`, {
    fix: `Go on with it: \`${goOn(run)}\`. Or undo it first: \`${undo(run)}\`.`,
  });
}

export function isFinished(run: Pick<LoadedRun, 'outcome'>): boolean {
  return run.outcome === 'complete' || run.outcome === 'checked' || run.outcome === 'rolled_back';
}

/** Tells a run from one of the same name in another ledger; says nothing about either. */
export function identityOf(run: LoadedRun): string {
  return createHmac('sha256', run.secret).update('identity of the run').digest('hex').slice(0, 12);
}

async function refuseWhenDriven(
  run: LoadedRun,
  options: Pick<OpenRunOptions, 'workflowId' | 'workflowIsOpen'>,
): Promise<void> {
  if (run.workflowId === null || run.workflowId === options.workflowId) return;
  if (await options.workflowIsOpen(run.workflowId, run.run)) {
    throw fail('RP4202', `${run.run} of plan ${run.plan} is running already, as workflow ${run.workflowId}.`, {
      fix: `Watch it: \`${watch(run.run)}\`.`,
    });
  }
}

/** What `--only` and `--sample` leave of a plan; parents of the named tables come along. RP4207 for a name that is no table of the plan. */
function restricted(compiled: CompiledPlan, options: Pick<OpenRunOptions, 'only' | 'sample'>): CompiledPlan {
  const only = options.only?.map((name) => mappingNamed(compiled, name));
  return restrictPlan(compiled, {
    ...(only === undefined ? {} : { only }),
    ...(options.sample === null ? {} : { sample: options.sample }),
  }).compiled;
}

function mappingNamed(compiled: CompiledPlan, name: string): string {
  const found = compiled.mappings.find(
    (mapping) => mapping.name === name || `${mapping.target.schema}.${mapping.target.name}` === name,
  );
  if (found !== undefined) return found.name;
  const known = compiled.mappings.map((mapping) => mapping.name).join(', ');
  throw fail('RP4207', `The plan has no table ${name}.`, { fix: `Name one of ${known}.` });
}

function runOptions(options: Pick<OpenRunOptions, 'only' | 'sample'>): { only?: string[]; sample?: number } {
  return {
    ...(options.only === null ? {} : { only: [...options.only].sort() }),
    ...(options.sample === null ? {} : { sample: options.sample }),
  };
}

import { createHash } from 'node:crypto';
import type { OpenedRun, RunActivities, Verdict } from '../src/contract/activity-types';
import type { RunRef } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import type { Databases } from '../src/postgres/databases';
import { releaseTables } from '../src/postgres/ledger/claim';
import { readAttempts } from '../src/postgres/ledger/cutover';
import { appendEvent } from '../src/postgres/ledger/event';
import { dropHeld } from '../src/postgres/ledger/held';
import { joinTransaction } from '../src/postgres/transaction';
import { readPhases, setPhase, type PhaseTimes } from '../src/postgres/ledger/phase';
import { closeRun, loadRun, reopenRun, setWorkflow, type LoadedRun } from '../src/postgres/ledger/run';
import { ensureLedger } from '../src/postgres/ledger/schema';
import { readVerdict } from '../src/postgres/ledger/verdict';
import type { Session } from '../src/postgres/session';
import type { ActivityDependencies } from './dependencies';
import { callHook } from './notify';
import { checkOfBegunRun, hasBegun, identityOf, isFinished, openRun, refuseAfterRollback } from './open-run';
import { plansFolder } from './plans-folder';

/** Opening, recording and closing runs. Each looks into the ledger first, so a repeated call changes nothing twice. */
export function createRunActivities(dependencies: ActivityDependencies & { databases: Databases }): RunActivities {
  const { databases, env, log } = dependencies;
  const plans = plansFolder(dependencies.plansFolder);

  async function inLedger<T>(ref: RunRef, purpose: string, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await databases.ledger(ref, purpose);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  return {
    openRun: async (input) => {
      const ref =
        input.run !== undefined && input.ledger !== undefined
          ? { run: input.run, ledger: input.ledger }
          : (
              await openRun(await plans.find(input.plan), env, {
                only: input.only ?? null,
                sample: input.sample ?? null,
                checkOnly: input.mode === 'check',
                workflowId: input.workflowId,
                workflowIsOpen: dependencies.workflowIsOpen,
              })
            ).ref;
      const run = await databases.run(ref);
      return inLedger(ref, 'open', async (session) => {
        const { outcome, workflowId } = await loadRun(session, run.run);
        if (isFinished({ outcome })) throw fail('RP4208', `${run.run} is ${outcome} and takes no further work.`);
        if (workflowId !== null && workflowId !== input.workflowId && (await dependencies.workflowIsOpen(workflowId))) {
          throw fail('RP4202', `${run.run} is running already, as workflow ${workflowId}.`);
        }
        await ensureLedger(session, run.run);
        const phases = await readPhases(session, run.run);
        refuseAfterRollback(run.run, phases);
        if (input.mode === 'check' && hasBegun(phases)) throw checkOfBegunRun(run.run);
        if (outcome !== null) await reopenRun(session, run.run);
        await setWorkflow(session, run.run, input.workflowId, input.executionId);
        await appendEvent(session, run.run, 'workflow', {
          workflowId: input.workflowId,
          executionId: input.executionId,
        });
        const known = {
          verdict: await readVerdict(session, run.run),
          frozen: patternOf(run) === 'hybrid' && (await isFrozen(session, run.run)),
        };
        return openedRun(ref, run, phases, known, dependencies);
      });
    },

    startPhase: (ref, phase) => inLedger(ref, phase, (session) => setPhase(session, ref.run, phase, 'started')),
    finishPhase: (ref, phase) => inLedger(ref, phase, (session) => setPhase(session, ref.run, phase, 'finished')),
    recordEvent: (ref, kind, body) => inLedger(ref, 'event', (session) => appendEvent(session, ref.run, kind, body)),

    closeRun: (ref, outcome, sentence) =>
      inLedger(ref, 'close', async (session) => {
        await joinTransaction(session, async () => {
          // rows that did not fit are in quarantine by their keys: their values have no use any more
          if (outcome === 'complete') await dropHeld(session, ref.run);
          await closeRun(session, ref.run, outcome, sentence);
        });
        await appendEvent(session, ref.run, 'closed', { outcome, sentence });
        if (isFinished({ outcome })) await releaseTables(session, ref.run);
      }),

    notify: async (ref, kind, sentence) => {
      const run = await databases.run(ref);
      const hook = run.compiled.plan.settings.notify;
      if (hook === null) return;
      const key = createHash('sha256').update(`${ref.run} ${kind} ${sentence}`).digest('hex').slice(0, 32);
      const outcome = await callHook(hook, env, { run: ref.run, plan: run.plan, kind, sentence }, key);
      if (outcome !== null) {
        log.warn({ kind: outcome }, 'settings.notify failed');
        await inLedger(ref, 'event', (session) =>
          appendEvent(session, ref.run, 'notify failed', { kind, problem: outcome }),
        );
      }
    },
  };
}

function openedRun(
  ref: RunRef,
  run: LoadedRun,
  phases: readonly PhaseTimes[],
  known: { readonly verdict: Verdict | null; readonly frozen: boolean },
  worker: Pick<ActivityDependencies, 'searchAttributes'>,
): OpenedRun {
  const { plan, code, mappings } = run.compiled;
  const finished = phases.filter(({ finishedAt }) => finishedAt !== null).map(({ phase }) => phase);
  return {
    ref,
    plan: plan.name,
    code,
    mappings: mappings.map(({ name, estimatedRows, estimatedBytes }) => ({ name, estimatedRows, estimatedBytes })),
    gates: plan.settings.gates,
    approvers: plan.settings.approvers,
    onFailure: plan.settings.onFailure,
    inFlight: plan.settings.batch.inFlight,
    pattern: patternOf(run),
    capture: patternOf(run) !== 'hybrid' || plan.capture === 'timestamp' ? 'none' : plan.capture,
    confirmSwitch: plan.settings.cutover.confirmSwitch,
    limits: {
      maxFreezeMs: plan.settings.cutover.maxFreezeMs,
      maxProofAgeMs: plan.settings.cutover.maxProofAgeMs,
    },
    verdict: known.verdict,
    finished: [...new Set([...finished, ...(known.frozen ? (['freeze'] as const) : [])])],
    begun: hasBegun(phases),
    searchAttributes: worker.searchAttributes,
    identity: identityOf(run),
  };
}

/** Whether a cutover got as far as its freeze, which its workflow may not have lived to record. */
async function isFrozen(session: Session, run: string): Promise<boolean> {
  return (await readAttempts(session, run)).some(({ drill, outcome }) => !drill && outcome === 'frozen');
}

/** A run of a part of the tables or rows is a try: nothing is captured or frozen for it. */
export function patternOf(run: LoadedRun): OpenedRun['pattern'] {
  const whole = run.options.sample === undefined && (run.options.only ?? []).length === 0;
  return whole ? run.compiled.plan.settings.pattern : 'copy';
}

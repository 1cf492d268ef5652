import { ensureLedger } from '../../postgres/ledger/run/schema';
import { createHash } from 'node:crypto';
import type { OpenedRun, Verdict, RunActivities } from '../../contract/activity-types';
import type { RunRef, Phase } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { releaseTables } from '../../postgres/ledger/run/claim';
import { readAttempts } from '../../postgres/ledger/cutover';
import { appendCommand, appendEvent, type EventBody } from '../../postgres/ledger/run/event';
import { clearRefs } from '../../postgres/ledger/quarantine/clear-refs';
import { dropDeferred } from '../../postgres/ledger/quarantine/deferred';
import { joinTransaction } from '../../postgres/transaction';
import { readPhases, setPhase, type PhaseTimes } from '../../postgres/ledger/run/phase';
import {
  closeRun,
  loadRun,
  reopenRun,
  setWorkflow,
  type LoadedRun,
  type RunOutcome,
} from '../../postgres/ledger/run/run';
import { readVerdict } from '../../postgres/ledger/proof/verdict';
import type { Session } from '../../postgres/session';
import { callHook } from './notify';
import { checkOfBegunRun, hasBegun, identityOf, isFinished, openRun, refuseAfterRollback } from './open-run';
import { plansFolder } from '../plans-folder';
import type { Host } from '../host';
import { onLedger } from '../session-scope';
import { patternOf } from './pattern-of';

/** What opening and closing runs need beside databases. */
export interface RunHost extends Host {
  readonly env: NodeJS.ProcessEnv;
  /** Whether a workflow of that id runs now. */
  readonly workflowIsOpen: (workflowId: string) => Promise<boolean>;
  /** Whether the namespace has the search attributes of runs. */
  readonly searchAttributes: boolean;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Opens a run, or goes on with one: repeated, it finds what the first call made. RP4202, RP4208. */
export async function openForWorkflow(
  host: RunHost,
  input: Parameters<RunActivities['openRun']>[0],
): Promise<OpenedRun> {
  const { databases, env } = host;
  const ref =
    input.run !== undefined && input.ledger !== undefined
      ? { run: input.run, ledger: input.ledger }
      : (
          await openRun(await plansFolder(host.plansFolder ?? null).find(input.plan), env, {
            only: input.only ?? null,
            sample: input.sample ?? null,
            checkOnly: input.mode === 'check',
            workflowId: input.workflowId,
            workflowIsOpen: host.workflowIsOpen,
          })
        ).ref;
  const run = await databases.run(ref);
  return onLedger(host, ref, 'open', async (session) => {
    const { outcome, workflowId } = await loadRun(session, run.run);
    if (isFinished({ outcome })) throw fail('RP4208', `${run.run} is ${outcome} and takes no further work.`);
    if (workflowId !== null && workflowId !== input.workflowId && (await host.workflowIsOpen(workflowId))) {
      throw fail('RP4202', `${run.run} is running already, as workflow ${workflowId}.`);
    }
    await ensureLedger(session, run.run);
    const phases = await readPhases(session, run.run);
    refuseAfterRollback(run.run, phases);
    if (input.mode === 'check' && hasBegun(phases)) throw checkOfBegunRun(run.run);
    if (outcome !== null) await reopenRun(session, run.run);
    const { workflowId: workflow, executionId } = input;
    await setWorkflow(session, run.run, workflow, executionId);
    await appendEvent(session, run.run, 'workflow', { workflowId: workflow, executionId });
    const known = {
      verdict: await readVerdict(session, run.run),
      frozen: patternOf(run) === 'hybrid' && (await isFrozen(session, run.run)),
    };
    return openedRun(ref, run, phases, known, host);
  });
}

/** Records the end of a run; what it reserved is free for others once it is finished. */
export function closeRunAs(host: Host, ref: RunRef, outcome: RunOutcome, sentence: string): Promise<void> {
  return onLedger(host, ref, 'close', async (session) => {
    await joinTransaction(session, async () => {
      // rows that did not fit are in quarantine by their keys: their values have no use any more
      if (outcome === 'complete') await dropDeferred(session, ref.run);
      await closeRun(session, ref.run, outcome, sentence);
    });
    // nothing goes by the parents of rows in quarantine any more
    if (outcome === 'complete' || outcome === 'rolled_back') await clearRefs(session, ref.run);
    await appendEvent(session, ref.run, 'closed', { outcome, sentence });
    if (isFinished({ outcome })) await releaseTables(session, ref.run);
  });
}

export function startPhase(host: Host, ref: RunRef, phase: Phase): Promise<void> {
  return onLedger(host, ref, phase, (session) => setPhase(session, ref.run, phase, 'started'));
}

export function finishPhase(host: Host, ref: RunRef, phase: Phase): Promise<void> {
  return onLedger(host, ref, phase, (session) => setPhase(session, ref.run, phase, 'finished'));
}

export function recordEvent(host: Host, ref: RunRef, kind: string, body: EventBody): Promise<void> {
  return onLedger(host, ref, 'event', (session) => appendEvent(session, ref.run, kind, body));
}

/** Where a command has got to. Idempotent: the chain takes each state of an id once. */
export function recordCommand(
  host: Host,
  { ref, command }: Parameters<RunActivities['recordCommand']>[0],
): Promise<void> {
  return onLedger(host, ref, 'command', async (session) => void (await appendCommand(session, ref.run, command)));
}

/** Calls the plan's hook; one that fails is an event and a line of the log, never the end of a run. */
export async function notify(host: RunHost, ref: RunRef, kind: string, sentence: string): Promise<void> {
  const run = await host.databases.run(ref);
  const hook = run.compiled.plan.settings.notify;
  if (hook === null) return;
  const key = createHash('sha256').update(`${ref.run} ${kind} ${sentence}`).digest('hex').slice(0, 32);
  const outcome = await callHook(hook, host.env, { run: ref.run, plan: run.plan, kind, sentence }, key);
  if (outcome === null) return;
  host.log.warn({ kind: outcome }, 'settings.notify failed');
  await recordEvent(host, ref, 'notify failed', { kind, problem: outcome });
}

function openedRun(
  ref: RunRef,
  run: LoadedRun,
  phases: readonly PhaseTimes[],
  known: { readonly verdict: Verdict | null; readonly frozen: boolean },
  worker: Pick<RunHost, 'searchAttributes'>,
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

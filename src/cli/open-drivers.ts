import { driverState } from './driver-state';
import { running, silent } from './refusals';
import type { Terminal } from './terminal';
import type { TemporalSession } from './temporal';

/** What `run` makes of a workflow that drives the run already. */
export interface OpenDrivers {
  /** RP4202 while somebody drives the run; one that lost its worker is driven by nobody, and is followed again. */
  isDriven(workflowId: string, run: string): Promise<boolean>;
  /** The open workflow without a worker; null when there is none. */
  reviving(): string | null;
}

/**
 * With `replaceWorkflow` a workflow that no worker here can carry on is ended, and another goes on from the ledger; without it that is
 * RP4211.
 */
export function openDrivers(
  terminal: Terminal,
  temporal: TemporalSession,
  options: { readonly replaceWorkflow?: boolean },
  isOpen: (workflowId: string) => Promise<boolean>,
): OpenDrivers {
  let reviving: string | null = null;
  return {
    isDriven: async (workflowId, run) => {
      if (!(await isOpen(workflowId))) return false;
      const handle = temporal.client.workflow.getHandle(workflowId);
      const state = await driverState(temporal, handle);
      if (state.kind === 'answers') throw running(run, state.status);
      if (state.kind !== 'silent') return false;
      if (state.stuck !== null && options.replaceWorkflow === true) {
        await handle.terminate('replaced: its workers have another version of the workflows');
        terminal.talk(`Ended workflow ${workflowId}, which the workers here cannot continue.`);
        return false;
      }
      if (state.stuck !== null) throw silent({ run, plansFolder: null }, state);
      reviving = workflowId;
      return false;
    },
    reviving: () => reviving,
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatus } from '../contract/run';
import { cutover } from './commands/operate';
import { recallRun, type RunRecord } from './run-record';
import { connectTemporal, type TemporalSession } from './temporal';
import type { Terminal } from './terminal';

const lookEveryMs = 500;
const maxAttempts = 20;

export interface DemoOperator {
  stop(): Promise<void>;
}

/** Stands in for the operator of the demo: at the gate of the cutover a drill first, then the approval, by the name of `demo`. */
export function startDemoOperator(terminal: Terminal): DemoOperator {
  const end = new AbortController();
  const work = operate(terminal, end.signal).catch(() => undefined);
  return {
    stop: async () => {
      end.abort();
      await work;
    },
  };
}

async function operate(terminal: Terminal, end: AbortSignal): Promise<void> {
  let drilled = false;
  for (let attempts = 0; !end.aborted && attempts < maxAttempts;) {
    await sleep(lookEveryMs, undefined, { signal: end });
    const record = await atCutover(terminal);
    if (record === null) continue;
    attempts += 1;
    const person = {
      by: 'demo',
      reason: drilled ? 'the drill was short enough' : 'to know how long writers will wait',
    };
    try {
      const { text } = await cutover(terminal, record.run, { ...person, drill: !drilled, code: record.code });
      terminal.talk(text ?? '');
      drilled = true;
    } catch {
      // not now: the gate closed or something has to be waited for; looked at again
    }
  }
}

/** The run, when it waits for the approval of its cutover. */
async function atCutover(terminal: Terminal): Promise<RunRecord | null> {
  let temporal: TemporalSession | null = null;
  try {
    const record = recallRun(terminal.cwd, undefined);
    temporal = await connectTemporal(terminal, { start: false });
    const status = await temporal.client.workflow.getHandle(record.workflowId).query<RunStatus>('status');
    return status.gate === 'cutover' ? record : null;
  } catch {
    return null;
  } finally {
    await temporal?.close();
  }
}

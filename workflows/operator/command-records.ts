import { allHandlersFinished, CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../src/contract/activity-types';
import type { Command, CommandRecord } from '../../src/contract/command';
import { recordOf } from '../../src/orchestration/operator-control';
import * as options from '../runtime/activity-options';
import { unwrittenBecause } from '../runtime/failure-kind';
import type { ControlState } from './state';

const bounded = proxyActivities<Activities>(options.command);
const untilWritten = proxyActivities<Activities>(options.untilWritten);

/** The commands of a run in the ledger, and their order. */
export interface CommandRecords {
  /** One command after the other, in the order they came; never cancelled half-way. */
  inOrder<T>(work: () => Promise<T>): Promise<T>;
  /** Writes a command as accepted, within seconds; answers with why it cannot be, else null. */
  accept(command: Command, id: string): Promise<string | null>;
  /** Has it written as done or refused, now or once the ledger is back; nobody waits for it but the end of the run. */
  conclude(command: Command, id: string, state: 'done' | 'refused'): void;
  /** Writes it as accepted however long the ledger is away; resolves once it is. */
  acceptLater(command: Command, id: string): Promise<void>;
  finished(): Promise<void>;
}

export function openCommandRecords(operator: ControlState): CommandRecords {
  let last: Promise<unknown> = Promise.resolve();
  let unwritten = 0;

  /** One activity that Temporal tries again for as long as it takes: three events, however long the ledger is away. */
  async function write(record: CommandRecord): Promise<void> {
    unwritten += 1;
    try {
      await CancellationScope.nonCancellable(async () => {
        await condition(() => operator.run !== null);
        await untilWritten.recordCommand({ ref: operator.requireRun().ref, command: record });
      });
    } catch {
      // the ledger will not have it: the history does
    } finally {
      unwritten -= 1;
    }
  }

  return {
    inOrder: (work) =>
      CancellationScope.nonCancellable(() => {
        const mine = last.then(work);
        last = mine.catch(() => undefined);
        return mine;
      }),
    accept: async (command, id) => {
      try {
        await bounded.recordCommand({ ref: operator.requireRun().ref, command: recordOf(command, id, 'accepted') });
        return null;
      } catch (error) {
        return unwrittenBecause(error);
      }
    },
    conclude: (command, id, state) => void write(recordOf(command, id, state)),
    acceptLater: (command, id) => write(recordOf(command, id, 'accepted')),
    finished: async () => {
      await condition(allHandlersFinished);
      if (unwritten > 0) await condition(() => unwritten === 0, '1 minute');
    },
  };
}

import { allHandlersFinished, condition, setHandler, type SignalDefinition } from '@temporalio/workflow';
import type { z } from 'zod';
import { readMessage } from '../../src/orchestration/read-message';
import { reportToRoot } from './report-to-root';

/** Takes a signal of the root. One that cannot be read is told to the root, whose page shows it. */
export function hearRoot<T>(
  parent: string,
  signal: SignalDefinition<[T]>,
  schema: z.ZodType<T>,
  take: (message: T) => void,
): void {
  setHandler(signal, (raw) => {
    const read = readMessage(schema, raw, signal.name);
    if ('message' in read) return take(read.message);
    return reportToRoot(parent, { unreadable: read.alarm });
  });
}

/** No execution of a child ends, or continues as new, in the middle of a message that it took. */
export function everythingHeard(): Promise<void> {
  return condition(allHandlersFinished);
}

import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType } from '@temporalio/workflow';

/**
 * After so much silence a worker is taken for dead and its work is given to another. Workers beat every 5 seconds; one that was only slow
 * comes back to a lease that is not its own any more.
 */
const silence = { heartbeatTimeout: '20 seconds' } as const;

const waitForCancel = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;

/** Ledger look-ups and single statements: seconds. The worker beats for them. */
export const quick: ActivityOptions = {
  startToCloseTimeout: '2 minutes',
  ...silence,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '20 seconds', maximumAttempts: 8 },
  ...waitForCancel,
};

/** What a workflow itself repeats, with its own rests and its own words in between. */
export const oneTry: ActivityOptions = { ...quick, retry: { maximumAttempts: 1 } };

/** What an operator said, written before it acts: within 10 s, or it is refused. */
export const command: ActivityOptions = {
  startToCloseTimeout: '4 seconds',
  scheduleToCloseTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 2, maximumAttempts: 3 },
};

/** What the ledger gets as soon as it can be written, however long that takes; the tries leave no events. */
export const untilWritten: ActivityOptions = {
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '20 seconds' },
};

/** What must be recorded although a database is away for a while, such as the end of a run. */
export const patient: ActivityOptions = {
  ...quick,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 60 },
};

/** Whole-table work on the control side: minutes to hours, heartbeating, restartable. */
export const longRunning: ActivityOptions = {
  startToCloseTimeout: '24 hours',
  ...silence,
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 6 },
  ...waitForCancel,
};

/** One batch, on the copy queue: bounded retries, then it is parked as blocked. */
export const batch: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  ...silence,
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '20 seconds',
    maximumAttempts: 5,
  },
  ...waitForCancel,
};

/** Whole-table proofs on the copy side. */
export const proof: ActivityOptions = {
  startToCloseTimeout: '24 hours',
  ...silence,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 5 },
  ...waitForCancel,
};

/** A slice of rounds: short, so that whoever wants the apply lease never waits long; the child that asks tries again for ever. */
export const rounds: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  ...silence,
  retry: {
    initialInterval: '500 milliseconds',
    backoffCoefficient: 2,
    maximumInterval: '10 seconds',
    maximumAttempts: 5,
  },
  ...waitForCancel,
};

/** One look at the capture on the sources. */
export const watching: ActivityOptions = {
  startToCloseTimeout: '30 minutes',
  ...silence,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 3 },
  ...waitForCancel,
};

/** The barrier. A dead worker is noticed soon, because its successor says whether the freeze was committed. */
export const barrier: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  ...silence,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds', maximumAttempts: 5 },
  ...waitForCancel,
};

/** Undoing: tried long, because half an undo is worse than a late one. */
export const compensation: ActivityOptions = {
  startToCloseTimeout: '24 hours',
  ...silence,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 20 },
  ...waitForCancel,
};

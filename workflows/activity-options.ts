import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType } from '@temporalio/workflow';

const waitForCancel = { cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED } as const;

/** Ledger look-ups and single statements: seconds. */
export const quick: ActivityOptions = {
  startToCloseTimeout: '2 minutes',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '20 seconds', maximumAttempts: 8 },
  ...waitForCancel,
};

/** What must be recorded although a database is away for a while, such as the end of a run. */
export const patient: ActivityOptions = {
  ...quick,
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 60 },
};

/** Whole-table work on the control side: minutes to hours, heartbeating, restartable. */
export const longRunning: ActivityOptions = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '60 seconds',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 6 },
  ...waitForCancel,
};

/** One batch, on the copy queue: bounded retries, then it is parked as blocked. */
export const batch: ActivityOptions = {
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '30 seconds',
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
  heartbeatTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 5 },
  ...waitForCancel,
};

/** Undoing: tried long, because half an undo is worse than a late one. */
export const compensation: ActivityOptions = {
  startToCloseTimeout: '24 hours',
  heartbeatTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 20 },
  ...waitForCancel,
};

import type { ErrorCode } from './catalogue';
import { RowproofError } from './rowproof-error';

/**
 * What an error means to the code that goes on after it. Each takes an error, or the code that one left behind in a failure of Temporal
 * or a problem; nothing else compares codes.
 */
type ErrorKind = (raised: unknown) => boolean;

const oneOf =
  (...codes: readonly ErrorCode[]): ErrorKind =>
  (raised) => {
    const code = raised instanceof RowproofError ? raised.code : raised;
    return (codes as readonly unknown[]).includes(code);
  };

/** The server answers and has no such database. */
export const isDatabaseNotFound = oneOf('RP3011');

/** The run was finished and its ledger is gone, or it never was in this ledger. */
export const isRunNotFound = oneOf('RP4001');

/** No batch of the run may go on: it was revoked, or is gone. */
export const isRevokedOrGone = oneOf('RP5003', 'RP4001');

/** A rollback of the run has begun. */
export const isBeingRolledBack = oneOf('RP5104');

/** The ledger of the run is still needed. */
export const isLedgerNeeded = oneOf('RP7003');

/** The source is a standby: nothing else about it is worth saying. */
export const isStandby = oneOf('RP5301');

/** Another session took the lease away, or holds it now. */
export const isLeaseTaken = oneOf('RP5401', 'RP5404');
export const isLeaseLost = oneOf('RP5401');

/** The lease is taken, held, stopped or closed: whoever follows says so. */
export const isLeaseUnavailable = oneOf('RP5401', 'RP5402', 'RP5403', 'RP5404');

/** A round found that the capture is not what it was. */
export const isCaptureStopped = oneOf('RP5402');

/** A table was rewritten under a round, which is made again. */
export const isRewritten = oneOf('RP5410');

/** No other attempt of a cutover can do better: the run is rolled back or switched over, or its capture stopped. */
export const endsTheAttempts = oneOf('RP5104', 'RP5402', 'RP5403');

/** A side is not what was proved when the target was to be opened. */
export const changedBeforeOpening = oneOf('RP5451', 'RP5452');

/** There is no target to open: a source takes writes again, the run is rolled back, or a side is not what was proved. */
export const openingRefusals = ['RP5501', 'RP5104', 'RP5451', 'RP5452'] as const;

/** A problem that says that something is missing from a plan: a false alarm where the missing part was left out for not being well-formed. */
export const saysMissing = oneOf('RP1005', 'RP1017', 'RP1019');

/** What a look at the capture itself has to say: a limit that was reached, a slot that is not what it was. */
export const isAboutCapture: ErrorKind = (raised) => raised instanceof RowproofError && raised.code.startsWith('RP53');

/** A connection could not be opened; a loss that followed may be its cause. */
export const isAboutConnecting: ErrorKind = (raised) =>
  raised instanceof RowproofError && raised.code.startsWith('RP30');

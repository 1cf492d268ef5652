/** What may be said about a database error outside the ledger: codes and object names, never its text or detail. */
export interface DatabaseErrorFacts {
  readonly sqlstate: string | null;
  readonly constraint: string | null;
  readonly column: string | null;
  readonly table: string | null;
  /** The data is at fault (class 22, 23, 44, raised by a function or trigger, too large for an index, nested too deep): retrying cannot help. */
  readonly isDataError: boolean;
  /** The connection is gone; whether the last statement took effect is unknown. */
  readonly isConnectionLoss: boolean;
  /** Another attempt may succeed: connection loss, deadlock, serialization, lock timeout, resources, shutdown. */
  readonly isRetryable: boolean;
}

const lossCodes = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** What pg says, without a code, when the socket is gone. */
const lossMessage =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Connection was closed|Cannot use a session that is closed)/;

interface Fields {
  code?: unknown;
  severity?: unknown;
  constraint?: unknown;
  column?: unknown;
  table?: unknown;
  message?: unknown;
  cause?: unknown;
  routine?: unknown;
}

/** Reads SQLSTATE and object names of an error of pg, of the socket, or of one wrapped as `cause`. Never its message. */
export function describeDatabaseError(error: unknown): DatabaseErrorFacts {
  for (let at: unknown = error, depth = 0; isFields(at) && depth < 5; at = at.cause, depth++) {
    const facts = factsOf(at);
    if (facts !== null) return facts;
  }
  return {
    sqlstate: null,
    constraint: null,
    column: null,
    table: null,
    isDataError: false,
    isConnectionLoss: false,
    isRetryable: false,
  };
}

function factsOf(error: Fields): DatabaseErrorFacts | null {
  const code = typeof error.code === 'string' ? error.code : null;
  // five characters alone would take EPIPE for a SQLSTATE; only errors of the server carry a severity
  if (code !== null && /^[0-9A-Z]{5}$/.test(code) && typeof error.severity === 'string') {
    const loss = isLossState(code);
    // RAISE ... USING CONSTRAINT, COLUMN and TABLE take any text of the function, a value among others
    const named = error.routine !== 'exec_stmt_raise';
    return {
      sqlstate: code,
      constraint: named ? text(error.constraint) : null,
      column: named ? text(error.column) : null,
      table: named ? text(error.table) : null,
      isDataError: /^(22|23|44|P0|38|39)/.test(code) || code === '21000' || code === '54000' || code === '54001',
      isConnectionLoss: loss,
      isRetryable: loss || /^(40|53)/.test(code) || code === '55P03' || code === '57014' || code === '57P03',
    };
  }
  const loss =
    (code !== null && lossCodes.has(code)) || (typeof error.message === 'string' && lossMessage.test(error.message));
  if (!loss) return null;
  return {
    sqlstate: null,
    constraint: null,
    column: null,
    table: null,
    isDataError: false,
    isConnectionLoss: true,
    isRetryable: true,
  };
}

function isLossState(sqlstate: string): boolean {
  return sqlstate.startsWith('08') || ['57P01', '57P02', '57P05', '25P03', '25P04'].includes(sqlstate);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Takes an error, or the SQLSTATE that one had; conditions by the names of PostgreSQL. Nothing else compares SQLSTATEs. */
type Condition = (raised: unknown) => boolean;

const stateOf = (raised: unknown): string | null =>
  typeof raised === 'string' ? raised : describeDatabaseError(raised).sqlstate;

const oneOf =
  (...states: readonly string[]): Condition =>
  (raised) => {
    const state = stateOf(raised);
    return state !== null && states.includes(state);
  };

const ofClass =
  (...classes: readonly string[]): Condition =>
  (raised) => {
    const state = stateOf(raised);
    return state !== null && classes.some((one) => state.startsWith(one));
  };

/** A statement ended because it did not get a lock within lock_timeout. */
export const isLockTimeout = oneOf('55P03');
/** Another attempt may get the lock: its timeout, or a deadlock. */
export const isLockRefused = oneOf('55P03', '40P01');
/** A request for a lock ended without it: its timeout, a deadlock, or that of its statement, which bounds the sum of several. */
export const isLockMissed = oneOf('55P03', '40P01', '57014');
export const isQueryCanceled = oneOf('57014');
export const isInsufficientPrivilege = oneOf('42501');
export const isForeignKeyViolation = oneOf('23503');
export const isUniqueViolation = oneOf('23505');
export const isCheckViolation = oneOf('23514');
export const isUndefinedFunction = oneOf('42883');
export const isUndefinedObject = oneOf('42704');
export const isDuplicateObject = oneOf('42710');
export const isObjectInUse = oneOf('55006');
/** Table or schema is not there. */
export const isUndefinedRelation = oneOf('42P01', '3F000');
/** A schema that was to be dropped is gone, or holds something. */
export const isSchemaKept = oneOf('2BP01', '3F000');
/** What the server says of a slot that was lost, or of a publication that was not there when a change was written. */
export const isSlotOrPublicationLost = oneOf('42704', '55000');
/** A column, a table, a type or a key was taken away or changed. */
export const isRelationChanged = oneOf('42703', '42P01', '42804', '42830');
/** A value that its type, or the CHECK of its domain, does not take. */
export const isRefusedValue: Condition = (raised) => ofClass('22')(raised) || isCheckViolation(raised);
/** The statement is at fault, or what it names: syntax, access rules, names (class 42). */
export const isStatementError = ofClass('42');
/** Rows do not fit the table any more: values, rules or columns, but no missing privilege. */
export const isRowMisfit: Condition = (raised) => ofClass('22', '23', '42')(raised) && !isInsufficientPrivilege(raised);

import { RowproofError, problem } from '../../errors/rowproof-error';
import { asApplication } from '../../postgres/application-path';
import { insertCarefulRows, type CarefulTables } from '../../postgres/queries/copy/careful';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import type { CopyAttempt } from './attempt';
import { label } from './batch-lease';
import { counted } from '../../report/counted';

/** So many rows, spread over the batch, stand for all of it. */
const maxTried = 20;

/** A statement that the server refused for a reason that may lie in single rows: everything but what passes by itself. */
export function mayBeOfRows(error: unknown): boolean {
  const { sqlstate, isRetryable } = describeDatabaseError(error);
  return sqlstate !== null && !isRetryable;
}

class Undone extends Error {}

/**
 * Tries single rows of the batch, each undone again. RP5130 when every one of them is refused for a cause that is not of data: a
 * function that does not find a table refuses all rows alike, and none of them belongs into quarantine for it.
 */
export async function refuseCauseOfNoRow(
  { mapping, name }: CopyAttempt,
  target: Session,
  tables: CarefulTables,
  rows: number,
): Promise<void> {
  if (rows === 0) return;
  const tried = Math.min(rows, maxTried);
  let cause: unknown = null;
  for (let at = 0; at < tried; at += 1) {
    const position = Math.floor((at * rows) / tried);
    const outcome = await inSavepoint(
      target,
      async () => {
        const one = { from: position, to: position + 1 };
        await asApplication(target, () => insertCarefulRows(target, tables, mapping.target, mapping.columns, one));
        throw new Undone();
      },
      (error) => error instanceof Undone || mayBeOfRows(error),
    );
    const error: unknown = 'failed' in outcome ? outcome.error : null;
    const { sqlstate, isDataError } = describeDatabaseError(error);
    if (sqlstate === null || isDataError) return;
    cause ??= error;
  }
  const what = `Batch ${label(name)} does not quarantine its ${rows === 1 ? 'row' : counted(rows, 'row')}: no row causes the failure`;
  throw new RowproofError([problem('RP5130', what, { where: { object: label(name) } })], { cause });
}

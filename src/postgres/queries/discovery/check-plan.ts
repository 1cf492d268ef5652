import { qualified } from '../../../sql/quote';
import { describeStatement } from '../../describe-statement';
import type { Session } from '../../session';
import { describeDatabaseError } from '../../sqlstate';
import { namedState } from '../../../errors/sqlstate-names';
import { flag } from '../../row';

/**
 * Plans an expression over a relation without reading a row; null when PostgreSQL takes it, else what it says. Its message
 * may be shown: it can only quote the plan.
 */
export async function tryExpression(
  session: Session,
  relation: { readonly schema: string; readonly name: string },
  expression: string,
): Promise<string | null> {
  try {
    await describeStatement(session, `select (${expression}) as value from ${qualified(relation)}`);
    return null;
  } catch (error) {
    const { sqlstate } = describeDatabaseError(error);
    if (sqlstate === null || !(error instanceof Error)) throw error;
    return `${error.message} (${namedState(sqlstate)})`;
  }
}

/** Whether this role may make temporary tables here. */
export async function temporaryTablesArePossible(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ possible: string }>(
    `select pg_catalog.has_database_privilege(current_database(), 'TEMPORARY')::text as possible`,
  );
  return flag(rows[0], 'possible');
}

/** Whether schema rowproof is there, or this role may create it. */
export async function ledgerIsPossible(session: Session): Promise<boolean> {
  const { rows } = await session.query<{ possible: string }>(
    `select (pg_catalog.has_database_privilege(current_database(), 'CREATE')
       or exists (select 1 from pg_catalog.pg_namespace where nspname = 'rowproof'))::text as possible`,
  );
  return flag(rows[0], 'possible');
}

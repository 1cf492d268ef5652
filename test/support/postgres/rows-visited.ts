import type { Databases } from '../../../src/postgres/databases';
import type { QueryResult, Session } from '../../../src/postgres/session';

interface PlanNode {
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

function rowsOf(node: PlanNode): number {
  const each =
    (node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Join Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0);
  return each * (node['Actual Loops'] ?? 1) + (node.Plans ?? []).reduce((sum, plan) => sum + rowsOf(plan), 0);
}

const planned = /^\s*(?:declare\s+\w+\s+no scroll cursor for\s+)?((?:with|select|insert|update|delete)\b[\s\S]*)$/i;

/** What every node of the plans of a ledger session's statements had in its hands, by statement, while it is watched. */
export class RowsVisited {
  readonly byStatement = new Map<string, number>();

  get total(): number {
    return [...this.byStatement.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** The same databases; each statement of a ledger session runs once more under EXPLAIN ANALYZE, and is undone. */
  watch(databases: Databases): Databases {
    return { ...databases, ledger: async (...args) => this.session(await databases.ledger(...args)) };
  }

  session(session: Session): Session {
    const query = session.query.bind(session);
    session.query = async <Row>(sql: string, values?: readonly unknown[]): Promise<QueryResult<Row>> => {
      const statement = planned.exec(sql)?.[1];
      if (statement !== undefined && !statement.includes('pg_advisory') && !statement.includes('set_config')) {
        const own = !session.inTransaction;
        await query(own ? 'begin' : 'savepoint watched');
        const { rows } = await query<{ 'QUERY PLAN': string }>(`explain (analyze, format json) ${statement}`, values);
        await query(own ? 'rollback' : 'rollback to savepoint watched; release savepoint watched');
        const [{ Plan: plan }] = JSON.parse(rows[0]?.['QUERY PLAN'] ?? '') as [{ Plan: PlanNode }];
        const name = statement.replace(/\s+/g, ' ').slice(0, 120);
        this.byStatement.set(name, (this.byStatement.get(name) ?? 0) + rowsOf(plan));
      }
      return query<Row>(sql, values);
    };
    return session;
  }
}

import type { Client } from 'pg';
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

/** What another session would wait for, or what lasts beyond its transaction. */
const unrepeatable = /pg_advisory|set_config|pg_terminate_backend|pg_export_snapshot|setval|nextval/;

interface PgResult {
  readonly rows: readonly { readonly 'QUERY PLAN'?: unknown }[];
}

const planned = /^\s*(?:declare\s+\w+\s+no scroll cursor for\s+)?((?:with|select|insert|update|delete)\b[\s\S]*)$/i;

const copied = /^\s*copy \(([\s\S]*)\) to stdout/i;

/** What every node of the plans of a session's statements had in its hands, by statement, while it is watched: of sessions on the target and on sources. */
export class RowsVisited {
  readonly byStatement = new Map<string, number>();

  get total(): number {
    return [...this.byStatement.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** The same databases; each statement of a session runs once more under EXPLAIN ANALYZE, and is undone. */
  watch(databases: Databases): Databases {
    return {
      ...databases,
      ledger: async (...args) => this.session(await databases.ledger(...args)),
      source: async (...args) => this.session(await databases.source(...args)),
    };
  }

  session(session: Session): Session {
    const query = session.query.bind(session);
    session.query = async <Row>(sql: string, values?: readonly unknown[]): Promise<QueryResult<Row>> => {
      const parts = values === undefined && session.inTransaction ? statementsOf(sql) : [sql];
      if (parts.length > 1) {
        for (const part of parts.slice(0, -1)) await session.query(part);
        return session.query<Row>(parts[parts.length - 1] as string);
      }
      const statement = planned.exec(sql)?.[1];
      if (statement !== undefined && !unrepeatable.test(statement)) {
        const own = !session.inTransaction;
        await query(own ? 'begin' : 'savepoint watched');
        const { rows } = await query<{ 'QUERY PLAN': string }>(`explain (analyze, format json) ${statement}`, values);
        await query(own ? 'rollback' : 'rollback to savepoint watched; release savepoint watched');
        this.note(statement, rows[0]?.['QUERY PLAN'] ?? '');
      }
      return query<Row>(sql, values);
    };
    this.watchCopies(session.client);
    return session;
  }

  /** A COPY is a stream that the client gets as it is: its query is explained before it, in the same turn. */
  private watchCopies(client: Client): void {
    const send = client.query.bind(client) as (first: unknown, ...rest: unknown[]) => unknown;
    const watched = (first: unknown, ...rest: unknown[]): unknown => {
      const { text } = (first ?? {}) as { text?: unknown };
      const select = typeof text === 'string' ? copied.exec(text)?.[1] : undefined;
      if (select !== undefined) {
        send(`explain (analyze, format json) ${select}`, (error: Error | null, result: PgResult | undefined) => {
          if (error === null) this.note(select, result?.rows[0]?.['QUERY PLAN'] ?? '');
        });
      }
      return send(first, ...rest);
    };
    client.query = watched as Client['query'];
  }

  private note(statement: string, explained: unknown): void {
    const parsed: unknown = typeof explained === 'string' ? JSON.parse(explained) : explained;
    const [{ Plan: plan }] = parsed as [{ Plan: PlanNode }];
    // names of a run, numbers of transactions and literals are others each time
    const name = statement
      .replace(/\s+/g, ' ')
      .replace(/_[0-9a-f]{4,}|\d+/g, '#')
      .slice(0, 120);
    this.byStatement.set(name, (this.byStatement.get(name) ?? 0) + rowsOf(plan));
  }
}

/** Statements of one text, separated by semicolons outside of quotes. */
function statementsOf(sql: string): string[] {
  const pieces = sql.match(/'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|;|[^'";$]+|\$/g) ?? [];
  const statements = [''];
  for (const piece of pieces) {
    if (piece === ';') statements.push('');
    else statements[statements.length - 1] += piece;
  }
  return statements.filter((statement) => statement.trim() !== '');
}

/**
 * Statements that visited much more than ten times the rows where there were ten times as many: by name, few and many. Ten visits of each of
 * the `rows` of a table are always right: few rows are looked up, many are read as they come.
 */
export function steeperThanRows(few: RowsVisited, many: RowsVisited, rows: number): [string, number, number][] {
  return [...many.byStatement]
    .map(([statement, rows]): [string, number, number] => [statement, few.byStatement.get(statement) ?? 0, rows])
    .filter(([, before, now]) => now > Math.max(15 * before, 10 * rows));
}

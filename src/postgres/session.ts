import type { Client, QueryResult as PgResult } from 'pg';
import { identifier } from '../sql/quote';
import type { ResolvedConnection } from './connection-spec';
import { connect } from './connect';
import { connectFailure } from './connect-failure';
import { refuseTransactionPooler } from './pooler';
import { noteRefusal, type SessionRole } from './refusal';
import { pinSettings, silenceServerLog, verifySettings } from './session-settings';

export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
  readonly command: string;
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

export interface SessionOptions {
  readonly applicationName: string;
  /** Whose session it is, for sentences about what is refused on it. */
  readonly role?: SessionRole;
  /** Milliseconds; 0 or absent waits for ever. */
  readonly lockTimeoutMs?: number;
  readonly statementTimeoutMs?: number;
}

const goodbyeMs = 5000;

/** One database session with a lifetime. All values come back as text (string or null): no parser touches them. */
export class Session {
  private ended = false;

  constructor(
    /** For COPY streams in this folder only. */
    readonly client: Client,
    readonly connection: ResolvedConnection,
    readonly pid: number,
    /** Text of `pg_stat_activity.backend_start`: with the pid it names this backend and no later one. */
    readonly backendStart: string,
    /** `server_version_num`. */
    readonly serverVersion: number,
    readonly role: SessionRole | null = null,
    private path = '',
  ) {}

  /** The search_path of the application: as the plan states it, else as role and database have it. */
  get applicationPath(): string {
    return this.path;
  }

  useApplicationPath(schemas: readonly string[]): void {
    this.path = pathOf(schemas);
  }

  /** Runs one statement (several, separated by semicolons, when there are no values: the last result counts). */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- callers name the row they asked for
  async query<Row = Record<string, any>>(sql: string, values?: readonly unknown[]): Promise<QueryResult<Row>> {
    const results = await this.send(sql, values);
    return toResult<Row>(results[results.length - 1] as PgResult);
  }

  /** Runs several statements, separated by semicolons, in one round trip; the results of all of them. */
  async queryEach(sql: string): Promise<QueryResult<Record<string, string | null>>[]> {
    return (await this.send(sql)).map((result) => toResult(result));
  }

  private async send(sql: string, values?: readonly unknown[]): Promise<PgResult[]> {
    if (this.ended) throw new Error('Cannot use a session that is closed');
    try {
      const answer = (await (values === undefined
        ? this.client.query(sql)
        : this.client.query(sql, values as unknown[]))) as unknown as PgResult | PgResult[];
      return Array.isArray(answer) ? answer : [answer];
    } catch (error) {
      throw this.noted(error, sql);
    }
  }

  /** The same error, with this session and the statement remembered beside it, for sentences about what was refused. */
  noted(error: unknown, sql: string): unknown {
    return noteRefusal(error, { role: this.role, connection: this.connection, sql });
  }

  /** True between BEGIN and COMMIT or ROLLBACK, also when the transaction is aborted. */
  get inTransaction(): boolean {
    const status = this.client.getTransactionStatus();
    return status === 'T' || status === 'E';
  }

  get closed(): boolean {
    return this.ended;
  }

  /** Ends the session; never raises, and does not wait for a server that does not answer. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const timer = setTimeout(() => socketOf(this.client).destroy(), goodbyeMs);
    await this.client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  /**
   * Destroys the socket at once: pending statements reject, the server rolls back when it notices. The only safe end for a
   * session whose COPY did not end normally.
   */
  destroy(): void {
    this.ended = true;
    socketOf(this.client).destroy();
  }
}

function toResult<Row>(result: PgResult): QueryResult<Row> {
  return {
    rows: result.rows as Row[],
    rowCount: result.rowCount ?? 0,
    command: result.command,
    fields: (result.fields ?? []).map(({ name, dataTypeID }) => ({ name, dataTypeID })),
  };
}

function pathOf(schemas: readonly string[]): string {
  return schemas.map(identifier).join(', ');
}

function socketOf(client: Client): { destroy(): void } {
  return (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream;
}

/** Connects, pins and verifies the settings everything compiled relies on. Raises RP3xxx without secrets. */
export async function openSession(connection: ResolvedConnection, options: SessionOptions): Promise<Session> {
  const client = await connect(connection, options.applicationName);
  try {
    // first: through such a pooler our settings would stay behind in the sessions of others
    await refuseTransactionPooler(client, connection);
    await pinSettings(client, options);
    const facts = await verifySettings(client, connection);
    await silenceServerLog(client, facts.serverVersion);
    return new Session(
      client,
      connection,
      facts.pid,
      facts.backendStart,
      facts.serverVersion,
      options.role ?? null,
      connection.searchPath === null ? facts.applicationPath : pathOf(connection.searchPath),
    );
  } catch (error) {
    socketOf(client).destroy();
    throw connectFailure(error, connection);
  }
}

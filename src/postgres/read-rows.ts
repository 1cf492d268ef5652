import { tryStatements, type Tried } from './queries/copy/savepoint';
import type { Session } from './session';

type Rows = (string | null)[][];

/**
 * The rows of one statement as arrays of text, whatever its columns are called. Unlike a COPY, a statement that fails leaves
 * the session usable: what runs in savepoints reads with this.
 */
export async function readRows(session: Session, sql: string, values?: readonly unknown[]): Promise<Rows> {
  try {
    const { rows } = await session.client.query<(string | null)[]>({
      text: sql,
      rowMode: 'array',
      ...(values === undefined ? {} : { values: values as unknown[] }),
    });
    return rows;
  } catch (error) {
    throw session.noted(error, sql);
  }
}

/** As readRows, in a savepoint of its own: a data error is returned as facts. One round trip where all is well. */
export async function tryReadRows(session: Session, sql: string): Promise<Tried<Rows>> {
  return tryStatements(session, sql, async (text) => {
    try {
      const results = (await session.client.query({ text, rowMode: 'array' })) as unknown as { rows: Rows }[];
      // between those of the savepoint
      return (results[1] as { rows: Rows }).rows;
    } catch (error) {
      throw session.noted(error, text);
    }
  });
}

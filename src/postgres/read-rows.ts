import type { Session } from './session';

/**
 * The rows of one statement as arrays of text, whatever its columns are called. Unlike a COPY, a statement that fails leaves
 * the session usable: what runs in savepoints reads with this.
 */
export async function readRows(
  session: Session,
  sql: string,
  values?: readonly unknown[],
): Promise<(string | null)[][]> {
  const { rows } = await session.client.query<(string | null)[]>({
    text: sql,
    rowMode: 'array',
    ...(values === undefined ? {} : { values: values as unknown[] }),
  });
  return rows;
}

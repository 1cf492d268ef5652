import type { Session } from './session';

/** Names and type oids of the columns a select returns, without reading a row of it. */
export async function describeStatement(session: Session, sql: string): Promise<{ name: string; oid: number }[]> {
  const { fields } = await session.query(`select * from (${sql}) as described limit 0`);
  return fields.map(({ name, dataTypeID }) => ({ name, oid: dataTypeID }));
}

import type { QualifiedName } from '../../../contract/catalog';
import { identifier, literal, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { flag } from '../../row';

export interface Expectation {
  readonly column: string;
  /** Type to cast the text to; null compares the column's text. */
  readonly type: string | null;
  readonly value: string | null;
}

/** For each row with this key, whether each expected value is there, in the order of `expect`. Values never come back. */
export async function compareRow(
  session: Session,
  table: QualifiedName,
  key: readonly (Expectation & { readonly comparable: boolean })[],
  expect: readonly Expectation[],
): Promise<boolean[][]> {
  const text = ({ type, value }: Expectation): string =>
    type === null ? literal(value) : `(${literal(value)}::${type})::text`;
  const conditions = key.map((part) =>
    part.comparable && part.type !== null
      ? `${identifier(part.column)} = ${literal(part.value)}::${part.type}`
      : `${identifier(part.column)}::text = ${text(part)}`,
  );
  const columns = expect.map(
    (one, index) => `(${identifier(one.column)}::text is not distinct from ${text(one)})::text as c${index}`,
  );
  const { rows } = await session.query<Record<string, string>>(
    `select ${columns.join(', ')} from ${qualified(table)} where ${conditions.join(' and ')} limit 2`,
  );
  return rows.map((row) => expect.map((_, index) => flag(row, `c${index}`)));
}

import type { CheckSpec, CompiledColumn } from '../contract/compiled';
import { canEncode } from '../transform/encoding';
import { portableCheck, type PortableCheck } from './statements/check-expression';
import { checkTypeOf, sqlNames, type CheckType } from './check-types';

export interface SourceCheck extends PortableCheck {
  /** The loaded value of a column, typed as the check reads it. */
  readonly typed: (column: string, value: string) => string;
}

/** A CHECK of the target as the source evaluates it over the values to be loaded; null where only the target can. */
export function sourceCheck(
  check: Pick<CheckSpec, 'expression' | 'columns' | 'ofDomain'>,
  loaded: readonly CompiledColumn[],
  encoding: string,
): SourceCheck | null {
  if (!canEncode(encoding, check.expression)) return null;
  const types = new Map<string, CheckType>();
  const portable = portableCheck(check.expression, (name) => {
    const column = loaded.find(
      ({ target }) => target === (check.ofDomain && name === 'VALUE' ? check.columns[0] : name),
    );
    const type = column === undefined ? null : checkTypeOf(column.type);
    // such a source counts bytes where the target counts characters
    if (column === undefined || type === null || (encoding === 'SQL_ASCII' && (type === 'text' || type === 'bpchar')))
      return null;
    types.set(column.target, type);
    return type;
  });
  if (portable === null) return null;
  const own = (name: string): string => (check.ofDomain && name === 'VALUE' ? (check.columns[0] as string) : name);
  return {
    columns: portable.columns.map(own),
    write: (value) => portable.write((name) => value(own(name))),
    typed: (column, value) => {
      const type = types.get(column) as CheckType;
      const typed = `(${value})::${sqlNames[type]}`;
      // the column's own collation on the source may hold texts for equal that are not
      return type === 'text' || type === 'bpchar' ? `(${typed} COLLATE "C")` : typed;
    },
  };
}

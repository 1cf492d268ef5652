import type { CompiledColumn, ReasonSpec } from '../contract/compiled';
import { castToSql } from '../transform/cast/cast-to-sql';
import type { TransformContext } from '../transform/transform';
import { checkedStep } from './checked-step';
import { idReason, mayBeUnencodable } from './statements/column-to-sql';

/** Kinds of a cast that are rules of the target column rather than of its type. */
const targetRules = new Set(['too_long', 'precision', 'scale', 'enum', 'not_null']);

/** Every reason a row of the mapping can have, numbered from 1; one a column and kind. */
export function compileReasons(
  mapping: string,
  columns: readonly CompiledColumn[],
  context: TransformContext,
): ReasonSpec[] {
  const reasons: ReasonSpec[] = [];
  for (const column of columns) {
    const kinds = new Set<string>();
    const add = (kind: string, transform: string): void => {
      if (kinds.has(kind)) return;
      kinds.add(kind);
      const finding = `${mapping}.${column.target}.${kind}`;
      reasons.push({ index: reasons.length + 1, column: column.target, kind, transform, finding });
    };
    if (mayBeUnencodable(column, context)) add('encoding', 'cast');
    for (const spec of column.steps) {
      const { transform, args } = checkedStep(spec);
      const inputs = transform.inputs === 'many' ? column.from.map(() => 'NULL::text') : ['NULL::text'];
      if (transform.toSql(inputs, args, context).failed !== null)
        add(transform.reason ?? transform.name, transform.name);
    }
    const ofId = idReason(column);
    if (ofId !== null) add(ofId, ofId === 'bad_id' ? 'id' : 'ref');
    const keyChecks = (column.keyCasts ?? []).flatMap((cast) => castToSql(cast, 'NULL').checks);
    if (keyChecks.length > 0) add('bad_reference', 'ref');
    for (const { kind } of castToSql(column.cast, 'NULL').checks) add(kind, targetRules.has(kind) ? 'target' : 'cast');
    if (column.notNull) add('not_null', 'target');
  }
  return reasons;
}

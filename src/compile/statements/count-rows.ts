import { literal } from '../../sql/quote';
import type { Deferred } from '../levels';
import { droppedParts } from './dropped-parts';
import type { SourceSelect } from './source-select';

interface Count {
  readonly what: string;
  readonly index: number;
  readonly count: Deferred;
}

/**
 * One pass over the rows in scope: all of them, those with any reason, those with each reason, and those of which a type drops a part, as
 * rows of what, index and rows; what there is none of is left out. Also computes every column that may raise.
 */
export function countRows(select: SourceSelect): string {
  const { levels } = select;
  const tests = select.reasonTests();
  const rejected = any(tests.map(({ when }) => when));
  const raising = select.columns().filter(({ column }) => column.cast.raising || column.sql !== undefined);
  const counts: Count[] = [
    { what: 'rows', index: 0, count: { needs: [], write: () => 'count(*)' } },
    ...(tests.length === 0 ? [] : [{ what: 'rejected', index: 0, count: where(rejected) }]),
    ...tests.map(({ reason, when }) => ({ what: 'reason', index: reason, count: where(when) })),
    ...droppedParts(select.mapping).map(({ condition }, index) => {
      const value = levels.name(levels.source(condition));
      return { what: 'dropped', index, count: where({ needs: [value], write: (name) => name as string }) };
    }),
    ...raising.map(({ text }) => ({ what: 'computed', index: 0, count: countWhereNot(rejected, text) })),
  ];
  // one array, because a select list ends at 1,664 entries
  const all = join(
    counts.map(({ count }) => count),
    (each) => `ARRAY[${each.join(', ')}] AS "n"`,
  );
  return [
    'SELECT "u"."what", "u"."index", "u"."rows"',
    `FROM (${levels.select(select.from('in'), [all], [], [], "OFFSET '0'")}) AS "c",`,
    `unnest(ARRAY[${counts.map(({ what }) => literal(what)).join(', ')}]::text[],`,
    `ARRAY[${counts.map(({ index }) => index).join(', ')}]::int[], "c"."n") AS "u"("what", "index", "rows")`,
    `WHERE "u"."what" <> 'computed' AND ("u"."rows" > 0 OR "u"."what" = 'rows')`,
  ].join('\n');
}

function join(parts: readonly Deferred[], write: (each: string[]) => string): Deferred {
  return {
    needs: parts.flatMap(({ needs }) => needs),
    write: (...names) => {
      let at = 0;
      return write(parts.map((part) => part.write(...names.slice(at, (at += part.needs.length)))));
    },
  };
}

/** True where one of the conditions is. */
function any(conditions: readonly Deferred[]): Deferred {
  return join(conditions, (each) => (each.length === 0 ? 'false' : each.map((one) => `(${one})`).join(' OR ')));
}

function where(condition: Deferred): Deferred {
  return join([condition], ([when]) => `count(*) FILTER (WHERE ${when})`);
}

/** Counts `value`, and so computes it, in rows for which `condition` is not true. */
function countWhereNot(condition: Deferred, value: Deferred): Deferred {
  return join([condition, value], ([when, text]) => `count(CASE WHEN (${when}) IS NOT TRUE THEN ${text} END)`);
}

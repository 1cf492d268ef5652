import { sourceColumn } from '../compile/column-to-sql';
import { keyTextSql } from '../compile/key-text';
import { insideSample } from '../compile/with-sample';
import type { CompiledMapping } from '../contract/compiled';
import { qualified } from '../sql/quote';

/** What is counted of each source column, in this order; numbers only, so that no value leaves the source. */
export const columnFacts = ['nulls', 'empty', 'blank', 'padded', 'non_ascii', 'shortest', 'longest', 'bytes'] as const;

/**
 * One pass over the source relation, or over the sample it is bound to: for each column read, in order, its facts as one JSON
 * array, because a select list ends at 1,664 entries.
 */
export function columnStatisticsSql(mapping: CompiledMapping): {
  readonly sql: string;
  readonly columns: readonly string[];
} {
  const columns = [...new Set(mapping.columns.flatMap((column) => column.from))];
  const texts = columns.map((column, at) => `${sourceColumn(mapping.from, column)}::pg_catalog.text as c${at}`);
  const facts = columns.map((_, at) => `jsonb_build_array(${factsOf(`c${at}`).join(', ')})`);
  const key = keyTextSql(mapping.key.map((column) => `${sourceColumn(mapping.from, column.name)}::text`));
  if (columns.length === 0) return { sql: 'select 1 where false', columns };
  return {
    sql: `select ${facts.join(', ')} from (select ${texts.join(', ')} from ${qualified(mapping.from)} where true ${insideSample(key)}) as t`,
    columns,
  };
}

/** The answer to `columnStatisticsSql` by column: counts only, null where a column has no value. */
export function readColumnStatistics(
  columns: readonly string[],
  answer: readonly (string | null)[],
): Record<string, string | number | null>[] {
  return columns.map((column, at) => {
    const facts = JSON.parse(answer[at] ?? '[]') as (number | null)[];
    return { column, ...Object.fromEntries(columnFacts.map((fact, nth) => [fact, facts[nth] ?? null])) };
  });
}

function factsOf(text: string): string[] {
  const count = (condition: string): string => `count(*) filter (where ${condition})`;
  return [
    count(`${text} is null`),
    count(`${text} = ''`),
    count(`${text} <> '' and btrim(${text}) = ''`),
    count(`${text} <> btrim(${text})`),
    count(`octet_length(${text}) <> char_length(${text})`),
    `min(char_length(${text}))`,
    `max(char_length(${text}))`,
    `coalesce(sum(octet_length(${text})), 0)`,
  ];
}

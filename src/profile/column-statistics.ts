import type { CompiledMapping } from '../contract/compiled';
import { identifier, qualified } from '../sql/quote';

/** What is counted of each source column, in this order; numbers only, so that no value leaves the source. */
export const columnFacts = ['nulls', 'empty', 'blank', 'padded', 'non_ascii', 'shortest', 'longest', 'bytes'] as const;

/** One pass over the source relation with `columnFacts.length` bigint columns for each column read, in order. */
export function columnStatisticsSql(mapping: CompiledMapping): {
  readonly sql: string;
  readonly columns: readonly string[];
} {
  const columns = [...new Set(mapping.columns.flatMap((column) => column.from))];
  const texts = columns.map((column, at) => `s.${identifier(column)}::pg_catalog.text as c${at}`);
  const facts = columns.flatMap((_, at) => factsOf(`c${at}`));
  if (columns.length === 0) return { sql: 'select 1 where false', columns };
  return {
    sql: `select ${facts.join(', ')} from (select ${texts.join(', ')} from ${qualified(mapping.from)} as s) as t`,
    columns,
  };
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

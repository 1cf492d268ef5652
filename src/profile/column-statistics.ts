import { sourceColumn } from '../compile/statements/column-to-sql';
import { keyTextSql } from '../compile/key/key-text';
import { largeBytes } from '../compile/statements/large-values';
import { sourceRows } from '../compile/key/row-identity';
import { insideSample } from '../compile/with-sample';
import type { CompiledMapping } from '../contract/compiled';

/** What is counted of each source column, in this order; numbers only, so that no value leaves the source. */
const columnFacts = ['nulls', 'empty', 'blank', 'padded', 'non_ascii', 'shortest', 'longest', 'bytes'] as const;

/**
 * One pass over the source relation, or over the sample it is bound to: for each column read, in order, its facts as one JSON
 * array, because a select list ends at 1,664 entries.
 */
export function columnStatisticsSql(mapping: CompiledMapping): {
  readonly sql: string;
  readonly columns: readonly string[];
} {
  const columns = [...new Set(mapping.columns.flatMap((column) => column.from))];
  const texts = columns.map((column, at) => {
    const value = sourceColumn(mapping.from, column);
    return `${isBytes(mapping, column) ? value : `${value}::pg_catalog.text`} as c${at}`;
  });
  const facts = columns.map((column, at) => {
    const own = isBytes(mapping, column) ? factsOfBytes(`c${at}`) : factsOf(`c${at}`);
    return `jsonb_build_array(${own.join(', ')})`;
  });
  const key = keyTextSql(mapping.key.map((column) => `${sourceColumn(mapping.from, column.name)}::text`));
  if (columns.length === 0) return { sql: 'select 1 where false', columns };
  return {
    sql: `select ${facts.join(', ')} from (select ${texts.join(', ')} from ${sourceRows(mapping)} where true ${insideSample(key)}) as t`,
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

function isBytes(mapping: CompiledMapping, column: string): boolean {
  return mapping.columns.some(({ from, inputTypes }) => inputTypes[from.indexOf(column)] === 'bytea');
}

const count = (condition: string): string => `count(*) filter (where ${condition})`;

function factsOf(text: string): string[] {
  // trimming takes several bytes a character: of a large value only the ends are looked at
  const small = `octet_length(${text}) <= ${largeBytes}`;
  return [
    count(`${text} is null`),
    count(`${text} = ''`),
    count(`${text} <> '' and case when ${small} then btrim(${text}) = '' else false end`),
    count(
      `case when ${small} then ${text} <> btrim(${text}) else left(${text}, 1) = ' ' or right(${text}, 1) = ' ' end`,
    ),
    count(`octet_length(${text}) <> char_length(${text})`),
    `min(char_length(${text}))`,
    `max(char_length(${text}))`,
    `coalesce(sum(octet_length(${text})), 0)`,
  ];
}

/** Of its text, which is not made: two digits a byte behind a backslash and an x, which may be more than a text can hold. */
function factsOfBytes(value: string): string[] {
  const length = `(2 * octet_length(${value})::bigint + 2)`;
  return [
    count(`${value} is null`),
    '0',
    '0',
    '0',
    '0',
    `min(${length})`,
    `max(${length})`,
    `coalesce(sum(${length}), 0)`,
  ];
}

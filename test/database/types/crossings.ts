import type { Family } from './families';

const to = (
  source: string,
  values: readonly string[],
  targets: readonly string[],
  crossing: Family['crossing'] = {},
  more: Partial<Family> = {},
): Family => ({ source, values, targets, crossing, ...more });

/** What columns of one family of types become in another, without a step. Everything else is refused in the plan. */
export const crossings: readonly Family[] = [
  to('smallint', ['7', '-32768'], ['int', 'bigint', 'numeric(3,0)', 'float4', 'float8', 'text', 'varchar(3)']),
  to(
    'int',
    ['7', '-1', '2147483647', '16777217', '10000'],
    ['numeric', 'numeric(8,2)', 'float4', 'float8', 'text', 'varchar', 'varchar(3)', 'char(4)'],
  ),
  to('int', ['100', '150', '99900', '100000'], ['numeric(3,-2)'], {}, { since: 150000 }),
  to(
    'bigint',
    ['7', '2147483648', '9007199254740993'],
    ['int', 'smallint', 'numeric', 'numeric(17,2)', 'float8', 'text', 'varchar(4)'],
  ),
  // 2147483648 is a real as well, and prints as 2.1474836e+09: refused, as documented
  to('bigint', ['7', '16777217'], ['float4']),
  to(
    'numeric',
    ['1.5', '7', '7.00', '32768', '0.1', '0.3333333333333333333', '123456789012345678901', '1e300', 'NaN', '-0.5'],
    ['float4', 'float8', 'text', 'varchar(3)', 'char(4)'],
  ),
  to('numeric', ['1.5', '7.00', '32768', '-0.5', '1e18', '1e19', 'NaN'], ['smallint', 'int', 'bigint'], {
    by: 'value',
  }),
  to(
    'float8',
    ['0.1', '7', '1.5', '1e300', 'NaN', '16777217', '1e-7', '0.30000000000000004'],
    ['float4', 'numeric', 'numeric(6,2)', 'text', 'varchar(3)'],
  ),
  to('float8', ['7', '1.5', '32768', '-0.5', '1e300', 'NaN', '9007199254740993'], ['smallint', 'int', 'bigint'], {
    by: 'value',
  }),
  to('float4', ['0.1', '7', '3.4e38', 'NaN'], ['float8'], { by: 'value' }),
  to('float4', ['0.1', '7', '1.5', '1e10', 'NaN'], ['numeric', 'numeric(6,2)', 'text', 'varchar(3)']),
  to('float4', ['0.1', '7', '1.5', '1e10', 'NaN'], ['int', 'bigint'], { by: 'value' }),
  to(
    'timestamp',
    ['2020-02-29 00:00:00', '2020-02-29 12:00:00', '2020-02-29 00:00:00.000001', 'infinity', '0044-03-15 00:00:00 BC'],
    ['date', 'text', 'varchar(19)'],
  ),
  to('date', ['2020-02-29', 'infinity', '0044-03-15 BC'], ['timestamp', 'timestamp(3)', 'text', 'varchar(10)']),
  to('timestamptz', ['2020-02-29 12:00:00+02', '-infinity'], ['text', 'varchar(22)']),
  to('time', ['12:00:00', '23:59:59.9'], ['text', 'varchar(8)']),
  to('timetz', ['12:00:00+02'], ['text', 'varchar(8)']),
  to('interval', ['1 year 2 mons', '36:00:00', '-00:00:01'], ['text', 'varchar(8)']),
  to('boolean', ['true', 'false'], ['text', 'varchar(4)']),
  to('uuid', ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['text', 'varchar(36)', 'char(36)', 'varchar(35)']),
  to('json', ['{"a": 1}', '[1 , 2]', '{"a":1,"a":2}'], ['jsonb'], { drops: true }),
  to('json', ['{"a": 1}', '[1 , 2]', '{"a":1,"a":2}'], ['text', 'varchar(8)']),
  to('jsonb', ['{"a": 1, "b": 2}', '1.50', 'null'], ['json', 'text', 'varchar(8)']),
  to('bytea', ['\\x00ff', ''], ['text', 'varchar(4)']),
  to('inet', ['10.0.0.1', '10.0.0.0/8'], ['text', 'varchar(10)']),
  to('cidr', ['10.0.0.0/8'], ['text']),
  to('macaddr', ['08:00:2b:01:02:03'], ['text', 'char(17)']),
  to('bit(4)', ['1010'], ['text']),
  to('xml', ['<a/>', 'x'], ['text', 'varchar(3)']),
  to('point', ['(1,2.5)'], ['text']),
  to('tsvector', [`'a':1 'b'`], ['text']),
  to('int4range', ['[1,5)', 'empty'], ['text', 'varchar(5)']),
  to('pg_lsn', ['16/B374D848'], ['text']),
  to('name', ['abc'], ['text', 'varchar(2)']),
  to('"char"', ['a'], ['text']),
  to('oid', ['7'], ['text']),
  to('int[]', ['{1,2,NULL}', '{}'], ['text', 'varchar(5)']),
  to('text[]', ['{"a b",c}'], ['text']),
  to('mood', ['calm', 'wild'], ['text', 'varchar(3)', 'char(5)'], {}, moods()),
  to('mood', ['calm', 'wild'], ['temper'], {}, moods()),
  to('citext', ['Abc', 'abcd'], ['text', 'varchar', 'varchar(3)', 'char(3)'], {}, { extension: 'citext' }),
  to('text', ['Abc', ' a '], ['citext'], {}, { extension: 'citext' }),
  to('varchar(6)', ['Abc', 'abcdef'], ['citext', 'text'], {}, { extension: 'citext' }),
  to('char(5)', ['abc'], ['citext', 'text'], {}, { extension: 'citext' }),
  to('hstore', ['"a"=>"1"'], ['text', 'varchar(3)'], {}, { extension: 'hstore' }),
  to('ltree', ['a.b'], ['text', 'varchar(2)'], {}, { extension: 'ltree' }),
];

function moods(): Partial<Family> {
  return { before: `create type mood as enum ('calm', 'wild'); create type temper as enum ('calm', 'other')` };
}

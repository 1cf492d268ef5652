/** Types that one column of the source is taken to. */
export interface Family {
  /** Type of the source column, and values of it as text. */
  readonly source: string;
  readonly values: readonly string[];
  /** Types of the target: as it is, narrower, wider. */
  readonly targets: readonly string[];
  /** Values of a text column: what nobody promises to read is left out. */
  readonly texts?: readonly string[];
  /** Version of the server that has it, as server_version_num; absent: all of them. */
  readonly since?: number;
  readonly extension?: string;
  /** Statements that both sides need first. */
  readonly before?: string;
  /** Another type reads the text of the value, and its text must be that of the value again when it is read back. */
  readonly crossing?: {
    /** The value itself is cast, not its text: a real to a double by value, 7.00 to an integer. */
    readonly by?: 'value';
    /** The target's type drops a part of the value by what it is. */
    readonly drops?: true;
  };
}

/**
 * Every built-in type that takes a modifier with what an old system has of it and what a new one makes of it, and types of which the
 * text has rules of its own; alone, in arrays, domains, composites and ranges.
 */
export const families: readonly Family[] = [
  {
    source: 'numeric',
    values: ['1.5', '1.55', '-0.04', '99.9', '100', '1000', 'NaN', '0', '1e3', '0.10'],
    targets: ['numeric', 'numeric(4,1)', 'numeric(10,4)', 'numeric(3,0)'],
    texts: ['1.5', '1.55', '007', 'NaN', '1e3', 'x', '0.10', '-0.0'],
  },
  {
    source: 'numeric(6,2)',
    values: ['1.5', '1.55', '9999.99'],
    targets: ['numeric(6,2)', 'numeric(5,1)', 'numeric(8,2)'],
  },
  {
    source: 'numeric',
    values: ['100', '150', '99900', '99950', '100000', '-1200', '0', 'NaN', '100.5'],
    targets: ['numeric(3,-2)', 'numeric(5,-2)'],
    texts: ['100', '150', '1e4', 'x'],
    since: 150000,
  },
  {
    source: 'numeric(3,-2)',
    values: ['100', '99900', '-1200'],
    targets: ['numeric(3,-2)', 'numeric(2,-2)', 'numeric(4,-3)', 'numeric(5,0)', 'numeric(6,1)', 'numeric'],
    since: 150000,
  },
  {
    source: 'numeric(2,4)',
    values: ['0.0012', '0.0099', '0'],
    targets: ['numeric(2,4)', 'numeric(2,3)', 'numeric(4,4)', 'numeric(2,5)'],
    since: 150000,
  },
  {
    source: 'int',
    values: ['7', '-1', '32768'],
    targets: ['smallint', 'bigint', 'numeric(3,0)'],
    texts: ['007', '-1', '32768', '1.5', 'x'],
  },
  {
    source: 'float8',
    values: ['0.1', '1e300', 'NaN', 'Infinity', '-0'],
    targets: ['float8', 'float4'],
    texts: ['0.1', '1e300', 'NaN', '-Infinity', 'x'],
  },
  {
    source: 'boolean',
    values: ['true', 'false'],
    targets: ['boolean'],
    texts: ['yes', 'no', 'on', 'off', '1', '0', 'tr', 'N', 'maybe', ''],
  },
  {
    source: 'text',
    values: ['', 'abc', 'abcd', 'abc   ', 'é日b', ' ab'],
    targets: ['text', 'varchar', 'varchar(3)', 'varchar(10)', 'char(3)', 'char(8)'],
  },
  {
    source: 'varchar(6)',
    values: ['', 'abc', 'abcdef', 'abc   '],
    targets: ['varchar(6)', 'varchar(3)', 'char(3)', 'char(8)'],
  },
  { source: 'char(5)', values: ['', 'abc', 'abcd'], targets: ['char(5)', 'char(3)', 'char(8)', 'varchar(3)'] },
  {
    source: 'bit(4)',
    values: ['1010', '0000'],
    targets: ['bit(4)', 'bit(3)', 'bit(5)', 'varbit(3)', 'varbit(6)'],
    texts: ['1010', '101', '10x'],
  },
  {
    source: 'varbit',
    values: ['1', '1010', '10101'],
    targets: ['varbit', 'varbit(4)', 'bit(4)'],
    texts: ['1', '10101', '2'],
  },
  {
    source: 'time',
    values: ['12:00:00', '12:00:00.6', '23:59:59.9', '24:00:00'],
    targets: ['time', 'time(0)', 'time(3)'],
    texts: ['12:00', '12:00:00.6', '24:00:00', '25:00'],
  },
  {
    source: 'timetz',
    values: ['12:00:00+02', '12:00:00.6+02', '23:59:59.9+00'],
    targets: ['timetz', 'timetz(0)', 'timetz(3)'],
  },
  {
    source: 'timestamp',
    values: [
      '2020-02-29 12:00:00',
      '2020-02-29 12:00:00.6',
      'infinity',
      '294276-12-31 23:59:59.9',
      '0044-03-15 12:00:00 BC',
    ],
    targets: ['timestamp', 'timestamp(0)', 'timestamp(3)'],
    texts: ['2020-02-29 12:00:00', '2020-02-29 12:00:00.6', '2020-02-30', 'infinity'],
  },
  {
    source: 'timestamptz',
    values: ['2020-02-29 12:00:00+00', '2020-02-29 12:00:00.0006+00', '-infinity'],
    targets: ['timestamptz', 'timestamptz(0)', 'timestamptz(3)'],
    texts: ['2020-02-29 12:00:00+02', '2020-02-29 12:00:00.6+00', '2020-02-30 00:00:00+00'],
  },
  {
    source: 'interval',
    values: ['1.6 seconds', '1 day 00:00:00.4', '1 mon -3 days', '36:00:00', '1 year 2 mons', '1.000499 seconds'],
    targets: [
      'interval',
      'interval(0)',
      'interval(3)',
      'interval day',
      'interval year to month',
      'interval hour to minute',
      'interval second(1)',
    ],
    texts: ['1.6 seconds', '1 day', '36:00:00', 'x'],
  },
  {
    source: 'date',
    values: ['2020-02-29', 'infinity', '0044-03-15 BC'],
    targets: ['date', 'timestamp(0)'],
    texts: ['2020-02-29', '2020-02-30'],
  },
  { source: 'inet', values: ['10.0.0.1', '10.0.0.0/8'], targets: ['inet'], texts: ['10.0.0.1/32', '10.0.0.300'] },
  {
    source: 'uuid',
    values: ['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    targets: ['uuid'],
    texts: ['A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'x'],
  },
  {
    source: 'json',
    values: ['{"a": 1}', '[1 , 2]'],
    targets: ['json', 'jsonb'],
    texts: ['{"a":1}', '{"a":1,"a":2}', 'not json', '"\\u0000"'],
  },
  { source: 'bytea', values: ['\\x00ff'], targets: ['bytea'], texts: ['\\x00FF', '\\x0'] },
];

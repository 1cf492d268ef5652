/**
 * Every built-in type that takes a modifier with what an old system has of it and what a new one makes of it, and types of which the
 * text has rules of its own; alone, in arrays, domains, composites and ranges.
 */
interface Family {
  /** Type of the source column, and values of it as text. */
  readonly source: string;
  readonly values: readonly string[];
  /** Types of the target: as it is, narrower, wider. */
  readonly targets: readonly string[];
  /** Values of a text column: what nobody promises to read is left out. */
  readonly texts?: readonly string[];
}

const families: readonly Family[] = [
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

/** How a type stands in the column of one side. */
interface Setting {
  readonly name: string;
  /** Statements that the type needs there, and its name. */
  readonly make: (type: string, id: string) => { readonly before: string; readonly type: string };
  /** A value of the type as text of this. */
  readonly wrap: (text: string) => string;
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const alone: Setting = { name: 'alone', make: (type) => ({ before: '', type }), wrap: (text) => text };
const array: Setting = {
  name: 'in an array',
  make: (type) => ({ before: '', type: `${type}[]` }),
  wrap: (text) => `{${quoted(text)},NULL}`,
};
const domain: Setting = {
  name: 'in a domain',
  make: (type, id) => ({ before: `create domain d${id} as ${type}`, type: `d${id}` }),
  wrap: (text) => text,
};
const nested: Setting = {
  name: 'in a domain over a domain with a check',
  make: (type, id) => ({
    before: `create domain e${id} as ${type}; create domain n${id} as e${id} check (value is not null or true)`,
    type: `n${id}`,
  }),
  wrap: (text) => text,
};
const composite: Setting = {
  name: 'in a composite',
  make: (type, id) => ({ before: `create type c${id} as (a ${type}, b text)`, type: `c${id}` }),
  wrap: (text) => `(${quoted(text)},z)`,
};
const domains: Setting = {
  name: 'in an array of domains',
  make: (type, id) => ({ before: `create domain a${id} as ${type}`, type: `a${id}[]` }),
  wrap: (text) => `{${quoted(text)}}`,
};
const deep: Setting = {
  name: 'in an array of composites over domains',
  make: (type, id) => ({
    before: `create domain x${id} as ${type}; create type y${id} as (k int, v x${id})`,
    type: `y${id}[]`,
  }),
  wrap: (text) => `{${quoted(`(1,${quoted(text)})`)}}`,
};
const range: Setting = {
  name: 'in a range over a domain',
  make: (type, id) => ({
    before: `create domain s${id} as ${type}; create type r${id} as range (subtype = s${id})`,
    type: `r${id}`,
  }),
  wrap: (text) => `[${quoted(text)},)`,
};

/** Settings by that of the source: where the source holds the bare type, the target may have it in a domain. */
const settings: readonly (readonly [Setting, Setting])[] = [
  [alone, alone],
  [alone, domain],
  [alone, nested],
  [array, array],
  [array, domains],
  [composite, composite],
  [deep, deep],
];

/** One column of the walk. */
export interface Pair {
  readonly title: string;
  readonly column: string;
  readonly source: { readonly before: string; readonly type: string };
  readonly target: { readonly before: string; readonly type: string };
  readonly values: readonly string[];
  /** Type that the source value is read by: the target's without modifiers, in the setting of the source. */
  readonly read: { readonly before: string; readonly type: string };
}

const bare = (type: string): string =>
  type
    .replace(/^char\(.*/, 'bpchar')
    .replace(/^bit\(.*/, 'varbit')
    .replace(/^interval .*/, 'interval')
    .replace(/\(.*\)/, '');

export function allPairs(): Pair[] {
  const pairs: Pair[] = [];
  const add = (
    title: string,
    source: Pair['source'],
    [target, type]: [Setting, string],
    values: readonly string[],
  ): void => {
    const id = String(pairs.length);
    pairs.push({
      title,
      column: `p${id}`,
      source,
      target: target.make(type, id),
      // a domain would carry its modifier along; everything else keeps its setting
      read: (target === domain || target === nested ? alone : target === domains ? array : target).make(
        bare(type),
        `read${id}`,
      ),
      values: values.map((text) => target.wrap(text)),
    });
  };
  for (const { source, values, targets, texts } of families) {
    for (const type of targets) {
      for (const [from, to] of settings) {
        if (from !== alone && !isInside(source, type)) continue;
        const made = from.make(source, `s${pairs.length}`);
        add(`${source} ${from.name} to ${type} ${to.name}`, made, [to, type], values);
      }
      if (source === 'numeric' && type !== 'numeric')
        add(
          `a range of ${source} to a range over a domain of ${type}`,
          range.make('numeric', `s${pairs.length}`),
          [range, type],
          values.filter((text) => text !== 'NaN'),
        );
      for (const to of [alone, domain, array, composite, deep])
        if (texts !== undefined && isReadable(type, to))
          add(`text to ${type} ${to.name}`, { before: '', type: 'text' }, [to, type], texts);
    }
  }
  return pairs;
}

/** Inside other types only values of one type are read as another. */
function isInside(source: string, type: string): boolean {
  // the blanks at the end of a char(n) are no part of it, but a part of what an array of them prints
  if (source.startsWith('char') && type.startsWith('varchar')) return false;
  const same = (name: string): string => bare(name).replace('varchar', 'text').replace('bpchar', 'text');
  return same(source) === same(type);
}

/** What depends on the session is refused in the plan. */
function isReadable(type: string, setting: Setting): boolean {
  if (setting === alone || setting === domain) return true;
  return !/^(time|date)/.test(type) || /^time(\(|$)/.test(type);
}

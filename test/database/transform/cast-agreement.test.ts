import fc from 'fast-check';
import type { Client } from 'pg';
import type { ColumnType } from '../../../src/contract/catalog';
import { castRules } from '../../../src/transform/cast/cast-rules';
import { castToSql } from '../../../src/transform/cast/cast-to-sql';
import { chooseCast } from '../../../src/transform/cast/choose-cast';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { compareCast, connect, declared, type } from './both-sides';
import { clockText, hostileText, near, numberText, timestampText, timestamptzText } from './hostile-text';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'transform' });
  client = await connect(database.url);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const labels = ['active', 'x y', "it's", 'é', '日', '', '\\'];
const status: ColumnType = type('crm.status', { kind: 'enum', schema: 'crm', labels });
const varchar = (length: number) => type('character varying', { length });
const char = (length: number) => type('character', { length });
const numeric = (precision: number, scale: number) => type('numeric', { precision, scale });
const fine = (name: string, fraction: number | null = null) => type(name, { fraction });
const bitsOf = (name: string, length: number) => type(name, { length });
const domain = (base: string) => type('crm.amount', { kind: 'domain', schema: 'crm', base, precision: 5, scale: 2 });
const timestamp = 'timestamp without time zone';
const timestamptz = 'timestamp with time zone';
const time = 'time without time zone';

const uuids = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => text.toUpperCase()),
  fc.uuid().map((text) => text.replaceAll('-', '')),
  fc.uuid().map((text) => `{${text}}`),
);
const bytes = fc.uint8Array({ maxLength: 5 }).map((list) => `\\x${Buffer.from(list).toString('hex')}`);
const booleans = fc.constantFrom(
  'true',
  'TRUE',
  't',
  'F',
  'false',
  'yes',
  '1',
  '',
  'o',
  'Of',
  'tRu',
  'no',
  '0',
  '2',
  'yess',
);
const json = fc.oneof(
  fc.json(),
  fc.constantFrom('{"b":1,"a":2,"a":3}', '1e2', ' [1 , 2]', '{}', 'nul', "'", '"\\u00e9"'),
);

/** Text after steps, to each family of target. */
const fromText: readonly { readonly target: ColumnType; readonly inputs: fc.Arbitrary<string> }[] = [
  ...['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'].map((name) => ({
    target: type(name),
    inputs: near(numberText),
  })),
  ...[numeric(5, 2), numeric(3, 0), numeric(38, 10), numeric(2, 5), numeric(3, -2)].map((target) => ({
    target,
    inputs: near(numberText),
  })),
  ...[type('text'), varchar(3), varchar(1), char(3), char(1), type('character varying')].map((target) => ({
    target,
    inputs: hostileText,
  })),
  { target: type('boolean'), inputs: near(booleans) },
  { target: type('date'), inputs: near(timestampText) },
  ...[null, 0, 3, 6].map((fraction) => ({ target: fine(timestamp, fraction), inputs: near(timestampText) })),
  ...[null, 2].map((fraction) => ({ target: fine(timestamptz, fraction), inputs: near(timestamptzText) })),
  ...[null, 1].map((fraction) => ({ target: fine(time, fraction), inputs: near(clockText) })),
  { target: type('uuid'), inputs: near(uuids) },
  { target: type('bytea'), inputs: near(bytes) },
  { target: status, inputs: near(fc.constantFrom(...labels)) },
];

const integers = (bits: 16 | 32 | 64) =>
  fc.oneof(
    fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }),
    fc.bigInt({ min: -40000n, max: 40000n }).map((n) => BigInt.asIntN(bits, n)),
  );
const specialFloats = fc.constantFrom(
  'NaN',
  'Infinity',
  '-Infinity',
  '-0',
  '0',
  '1e15',
  '1e14',
  '123456',
  '1234567',
  '1e-5',
  '0.0001',
  '16777216',
  '9007199254740992',
);
const doubles = fc.oneof(fc.double().map(String), specialFloats, fc.float().map(String), fc.integer().map(String));
const singles = fc.oneof(
  fc.float().map(String),
  specialFloats,
  fc.integer({ min: -(2 ** 24), max: 2 ** 24 }).map(String),
  fc.nat(200).map((power) => String(Math.fround(2 ** (power - 100)))),
);
const decimals = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(25))
    .map(([digits, scale]) => `${digits}e-${scale}`),
  fc.constantFrom(
    'NaN',
    'Infinity',
    '-Infinity',
    '0.00',
    '7.00',
    '1e400',
    '1e-400',
    '32768',
    '2147483648',
    '9223372036854775808',
    '0.1',
    '3.4028236e38',
  ),
);
const stored = (inputs: fc.Arbitrary<string>, pattern: RegExp) => inputs.filter((text) => pattern.test(text));
const moments = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, -1)),
  fc
    .date({ min: new Date('1990-01-01'), max: new Date('2030-01-01'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '0044-03-15 00:00:00 BC',
    '0044-03-15 12:00:00.5 BC',
    '20000-01-01 00:00:00',
    '294276-12-31 23:59:59.999999',
    '2020-01-01 00:00:00.000001',
  ),
);
const days = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10)),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '4714-11-24 BC',
    '0044-03-15 BC',
    '294276-12-31',
    '294277-01-01',
    '5874897-12-31',
  ),
);

/** Columns without steps: the source's own type to the target's. */
const typed: readonly {
  readonly source: ColumnType;
  readonly targets: readonly ColumnType[];
  readonly inputs: fc.Arbitrary<string>;
}[] = [
  ...([16, 32, 64] as const).map((bits) => ({
    source: type(bits === 16 ? 'smallint' : bits === 32 ? 'integer' : 'bigint'),
    targets: [
      ...['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'text'].map((name) => type(name)),
      numeric(5, 2),
      numeric(3, -2),
      varchar(3),
      char(4),
      domain('numeric'),
    ],
    inputs: integers(bits).map(String),
  })),
  {
    source: type('numeric'),
    targets: [
      ...['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'text'].map((name) => type(name)),
      numeric(5, 2),
      numeric(10, 0),
      numeric(2, 5),
      varchar(6),
    ],
    inputs: decimals,
  },
  {
    source: numeric(10, 2),
    targets: [type('numeric'), numeric(12, 2), numeric(12, 4), numeric(10, 1), numeric(5, 2), domain('numeric')],
    inputs: fc.integer({ min: -999999999, max: 999999999 }).map((cents) => `${cents}e-2`),
  },
  {
    source: type('double precision'),
    targets: ['integer', 'numeric', 'real', 'double precision', 'text'].map((name) => type(name)),
    inputs: doubles,
  },
  {
    source: type('real'),
    targets: ['bigint', 'numeric', 'real', 'double precision', 'text'].map((name) => type(name)),
    inputs: singles,
  },
  {
    source: type('boolean'),
    targets: [type('boolean'), type('text'), varchar(4)],
    inputs: fc.constantFrom('true', 'false'),
  },
  {
    source: fine(timestamp),
    targets: [type('date'), fine(timestamp), fine(timestamp, 0), fine(timestamp, 3), type('text')],
    inputs: moments,
  },
  {
    source: type('date'),
    targets: [type('date'), fine(timestamp), fine(timestamp, 0), type('text'), varchar(10)],
    inputs: days,
  },
  { source: fine(timestamptz), targets: [fine(timestamptz), fine(timestamptz, 0), type('text')], inputs: moments },
  {
    source: fine(time),
    targets: [fine(time), fine(time, 0), type('text')],
    inputs: stored(clockText, /^(([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?|24:00:00)$/),
  },
  {
    source: varchar(20),
    targets: [
      varchar(20),
      varchar(2),
      char(3),
      type('text'),
      type('integer'),
      type('date'),
      type('boolean'),
      type('uuid'),
      status,
    ],
    inputs: fc
      .oneof(hostileText, near(numberText), near(fc.constantFrom('true', '2020-01-01', 'é', 'active')))
      .map((text) => Array.from(text).slice(0, 20).join('')),
  },
  {
    source: char(8),
    targets: [char(8), char(2), varchar(8), varchar(2), type('text'), type('integer')],
    inputs: fc.oneof(hostileText, near(numberText)).map((text) => Array.from(text).slice(0, 8).join('')),
  },
  { source: type('uuid'), targets: [type('uuid'), type('text'), char(36)], inputs: uuids },
  { source: type('bytea'), targets: [type('bytea'), type('text')], inputs: bytes },
  { source: type('json'), targets: [type('json'), type('jsonb'), type('text')], inputs: stored(json, /^[{[1 ]/) },
  { source: type('jsonb'), targets: [type('json'), type('jsonb'), type('text')], inputs: stored(json, /^[{[1 ]/) },
  {
    source: type('interval'),
    targets: [type('interval'), fine('interval', 0), fine('interval', 3), type('text')],
    inputs: fc.integer().map((thousandths) => `${thousandths / 1000} seconds`),
  },
  {
    source: type('time with time zone'),
    targets: [type('time with time zone'), fine('time with time zone', 0), type('text')],
    inputs: stored(clockText, /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$/).map((clock) => `${clock}+02`),
  },
  {
    source: type('bit varying'),
    targets: [type('bit varying'), bitsOf('bit varying', 3), bitsOf('bit', 4)],
    inputs: fc.array(fc.constantFrom('0', '1'), { maxLength: 6 }).map((list) => list.join('')),
  },
  {
    source: bitsOf('bit', 4),
    targets: [bitsOf('bit', 4), bitsOf('bit', 3), bitsOf('bit varying', 3), bitsOf('bit varying', 8)],
    inputs: fc.array(fc.constantFrom('0', '1'), { minLength: 4, maxLength: 4 }).map((list) => list.join('')),
  },
  {
    source: type('integer[]', { element: 'integer' }),
    targets: [type('integer[]', { element: 'integer' }), type('text')],
    inputs: fc.array(fc.integer()).map((list) => `{${list.join(',')}}`),
  },
];

async function disagreements(
  source: ColumnType | null,
  target: ColumnType,
  inputs: fc.Arbitrary<string>,
  runs = 5,
): Promise<void> {
  const spec = chooseCast(source, target);
  if ('impossible' in spec) throw new Error(`${spec.impossible}: ${spec.fix}`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(inputs, { freq: 25 }), { minLength: 80, maxLength: 200 }), async (texts) => {
      expect(await compareCast(client, source, spec, texts)).toEqual([]);
    }),
    { numRuns: runs },
  );
}

describe('a cast gives the same reason or the same canonical text in SQL, in TypeScript and in the target column', () => {
  it.each(fromText.map((pair) => [declared(pair.target), pair] as const))(
    'from text to %s',
    async (_name, { target, inputs }) => {
      await disagreements(null, target, inputs);
    },
  );

  it.each(
    typed.flatMap(({ source, targets, inputs }) =>
      targets.map((target) => [declared(source), declared(target), { source, target, inputs }] as const),
    ),
  )('from %s to %s', async (_source, _target, { source, target, inputs }) => {
    await disagreements(source, target, inputs);
  });

  it('raises for no input, even a constant that the planner evaluates beforehand', async () => {
    for (const { target } of fromText) {
      const spec = chooseCast(null, target);
      if ('impossible' in spec) throw new Error(spec.impossible);
      for (const constant of ["''", "'x'", "'1e999'", "'2020-02-30'", "'2020-13-01 25:00:00'", 'NULL']) {
        const { checks, wire, text } = castToSql(spec, `${constant}::text`);
        const list = [wire, text, ...checks.map(({ failed }) => failed)];
        await client.query(`select ${list.map((expression) => `(${expression})::text`).join(', ')}`);
      }
    }
  });

  it('leaves nothing out: every kind of cast is tried', () => {
    const tried = new Set(
      [
        ...fromText.map(({ target }) => chooseCast(null, target)),
        ...typed.flatMap(({ source, targets }) => targets.map((target) => chooseCast(source, target))),
      ].map((spec) => ('kind' in spec ? spec.kind : '')),
    );
    expect(Object.keys(castRules).filter((kind) => !tried.has(kind) && kind !== 'other')).toEqual([]);
  });
});

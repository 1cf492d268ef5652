import fc from 'fast-check';
import type { Client } from 'pg';
import type { Json } from '../../../src/contract/resolved-plan';
import { canEncode } from '../../../src/transform/encoding';
import type { ParsedStep } from '../../../src/transform/registry';
import { transforms } from '../../../src/transform/registry';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { FAILED, transformVectors } from '../../unit/transform/vectors';
import { compareStep, connect, contextOf, step } from './both-sides';
import { dateParts, dateText, hostileText, near, numberText, timestampText, timestamptzText } from './hostile-text';

const encodings = ['UTF8', 'LATIN1', 'WIN1252', 'EUC_JP', 'KOI8R', 'SQL_ASCII'];
const databases: TestDatabase[] = [];
const clients = new Map<string, Client>();

beforeAll(async () => {
  for (const encoding of encodings) {
    const database = await createDatabase({ prefix: 'transform', encoding });
    databases.push(database);
    clients.set(encoding, await connect(database.url));
  }
}, 60_000);

afterAll(async () => {
  for (const client of clients.values()) await client.end();
  for (const database of databases) await database.drop();
});

function clientOf(encoding: string): Client {
  return clients.get(encoding) as Client;
}

/** SQL_ASCII cuts characters into bytes: only ASCII means the same on both sides there. */
function usable(encoding: string, row: readonly (string | null)[]): boolean {
  return row.every((text) => text === null || canEncode(encoding, text));
}

/** What the step may write exists in the encoding. What it looks for need not: it is never found, on both sides. */
function writable(encoding: string, { transform, args }: ParsedStep): boolean {
  return canEncode(encoding, (transform.produces?.(args) ?? []).join(''));
}

const dates = dateParts.chain(([year, month, day]) =>
  fc.constantFrom(
    `${day}/${month}/${year}`,
    `${Number(day)}.${Number(month)}.${year}`,
    `${year}${month}${day}`,
    `${day} Feb ${year}`,
    `${year}年${month}月${day}日`,
    `${day}-${month}-${year}`,
    `${year}-${month}-${day}T10:20:30`,
  ),
);
const numbers = near(numberText);
const subjects: readonly {
  readonly name: string;
  readonly args: readonly Json[];
  readonly inputs: fc.Arbitrary<string>;
}[] = [
  { name: 'trim', args: [null], inputs: hostileText },
  { name: 'lower', args: [null], inputs: hostileText },
  { name: 'upper', args: [null], inputs: hostileText },
  { name: 'collapse_whitespace', args: [null], inputs: hostileText },
  {
    name: 'null_if',
    args: ['', ['', 'n/a', "'", '\\', 'é', '日', '😀']],
    inputs: near(fc.constantFrom('', 'n/a', "'", 'é', '日', '😀')),
  },
  { name: 'default', args: ['x', "'\\"], inputs: hostileText },
  {
    name: 'map',
    args: [
      { A: 'a', é: 'e', '😀': null, "'": '\\' },
      { values: { 日: 'x' }, otherwise: 'keep' },
      { values: { 日: 'x' }, otherwise: 'null' },
      { values: { A: 'x' }, otherwise: { default: "o'" } },
    ],
    inputs: near(fc.constantFrom('A', 'é', '😀', "'", '日')),
  },
  {
    name: 'parse_date',
    args: [
      ['YYYY-MM-DD', 'DD/MM/YYYY', 'D.M.YYYY'],
      ['DD MON YYYY', 'YYYY"年"MM"月"DD"日"'],
      ['YYYYMMDD', 'DD-MM-YYYY', 'YYYY-MM-DDTHH24:MI:SS'],
      ['D MON YYYY', 'DDTMM"x"YYYY'],
    ],
    inputs: near(fc.oneof(dates, dateText)),
  },
  {
    name: 'at_zone',
    args: [
      'Europe/Berlin',
      'America/New_York',
      'UTC',
      { zone: 'Asia/Kolkata', to: 'utc' },
      { zone: 'Australia/Lord_Howe', to: 'local' },
    ],
    inputs: near(fc.oneof(timestampText, timestamptzText)),
  },
  {
    name: 'parse_number',
    args: [null, { decimal: ',', group: '.' }, { group: '’' }, { decimal: '.', group: '\u00a0' }, { group: "'" }],
    inputs: numbers,
  },
  { name: 'scale', args: [-2, 3, 0, 100, -100], inputs: numbers },
  { name: 'round', args: [null, 2, -3, 100, -100], inputs: numbers },
  { name: 'substring', args: [[1], [2, 3], [999999999, 999999999], { from: 3, for: 0 }], inputs: hostileText },
  {
    name: 'split_part',
    args: [
      [' ', 1],
      [' ', -1],
      ['aa', 2],
      ['é', 2],
      ['日', -1],
      ['日', 3],
      ['\\', -2],
    ],
    inputs: near(fc.constantFrom('a aa aaa', 'aéaé', '日x日', 'a b c')),
  },
  {
    name: 'regex_extract',
    args: [
      '^([0-9]{1,3})(?:[.](?:[0-9]{2}))?$',
      '[^a-z]+',
      '(.)x',
      '[é日😀]{1,2}(a)?',
      { pattern: '(?:foo|bar)?[ \\t]*([0-9]+)', otherwise: 'keep' },
      { pattern: '\\$[\\^\\-\\]\\[\\\\]*', otherwise: 'null' },
      '日|é|a',
    ],
    inputs: near(fc.constantFrom('12.34', 'foo 12', 'axx', '日é', '$^-\\', '😀😀a')),
  },
  { name: 'us_state', args: [null, 'name'], inputs: near(fc.constantFrom('NY', 'new york', 'Virgin Islands', 'AA')) },
  {
    name: 'boolean',
    args: [null, { true: ['é', 'J'], false: ['日', 'N'] }],
    inputs: near(fc.constantFrom('true', 'F', 'On', 'é', 'É', '日', 'j')),
  },
];

async function firstDisagreement(
  encoding: string,
  subject: ParsedStep,
  inputs: fc.Arbitrary<(string | null)[]>,
): Promise<void> {
  const context = contextOf(encoding);
  await fc.assert(
    fc.asyncProperty(fc.array(inputs, { minLength: 60, maxLength: 200 }), async (rows) => {
      const possible = rows.filter((row) => usable(encoding, row));
      expect(possible.length === 0 ? [] : await compareStep(clientOf(encoding), subject, possible, context)).toEqual(
        [],
      );
    }),
    { numRuns: encoding === 'UTF8' ? 8 : 3 },
  );
}

describe.each(encodings)('in a database of encoding %s', (encoding) => {
  it('PostgreSQL answers the table of vectors as written', async () => {
    for (const { transform, args, input, output } of transformVectors) {
      const inputs = typeof input === 'string' || input === null ? [input] : input;
      const subject = step(transform, args);
      const texts = [...inputs, typeof output === 'string' ? output : ''];
      if (!usable(encoding, texts) || !writable(encoding, subject)) continue;
      const context = contextOf(encoding);
      expect({
        transform,
        args,
        input,
        differs: await compareStep(clientOf(encoding), subject, [inputs], context),
      }).toMatchObject({ differs: [] });
      const outcome = subject.transform.apply(inputs, subject.args, context);
      expect({ transform, args, input, outcome }).toMatchObject({
        outcome: output === FAILED ? { failed: true } : { value: output },
      });
    }
  });

  it.each(subjects)(
    '$name gives the same in SQL and in TypeScript for hostile input',
    async ({ name, args, inputs }) => {
      for (const argument of args) {
        const subject = step(name, argument);
        if (!writable(encoding, subject)) continue;
        await firstDisagreement(
          encoding,
          subject,
          fc.option(inputs, { freq: 20 }).map((text) => [text]),
        );
      }
    },
  );

  it('concat gives the same in SQL and in TypeScript for hostile input', async () => {
    for (const argument of [null, ' ', { separator: "'\\", nulls: 'null' }, { separator: ', ', nulls: 'skip' }]) {
      await firstDisagreement(
        encoding,
        step('concat', argument),
        fc.array(fc.option(hostileText, { freq: 3 }), { minLength: 3, maxLength: 3 }),
      );
    }
  });
});

it('no transform raises, even for a constant that the planner evaluates beforehand', async () => {
  for (const { transform, args } of transformVectors) {
    const subject = step(transform, args);
    for (const constant of ["''", "'x'", "'1e999'", "'2020-02-30'", "'30/02/2020'", 'NULL']) {
      const inputs = transform === 'concat' ? [`${constant}::text`, `'a'::text`] : [`${constant}::text`];
      const sql = subject.transform.toSql(inputs, subject.args, contextOf('UTF8'));
      const { rows } = await clientOf('UTF8').query<{ failed: string }>(
        `select ${sql.value} as value, (${sql.failed ?? 'false'})::text as failed`,
      );
      expect(['true', 'false']).toContain(rows[0]?.failed);
    }
  }
});

it('tries every built-in transform', () => {
  expect([...subjects.map(({ name }) => name), 'concat'].sort()).toEqual([...transforms.keys()].sort());
});

it('sees a disagreement that was planted', async () => {
  const honest = step('substring', [1, 3]);
  const planted: ParsedStep = {
    ...honest,
    transform: {
      ...honest.transform,
      apply: ([input]) => ({ value: input === null || input === undefined ? null : input.slice(0, 3) }),
    },
  };
  await expect(
    firstDisagreement(
      'UTF8',
      planted,
      hostileText.map((text) => [text]),
    ),
  ).rejects.toThrow();
});

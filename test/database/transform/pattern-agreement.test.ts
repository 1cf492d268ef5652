import fc from 'fast-check';
import type { Client } from 'pg';
import { parseStep } from '../../../src/transform/registry';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { compareStep, connect, contextOf } from './both-sides';

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

const { pattern } = fc.letrec<{ pattern: string; sequence: string; quantified: string; atom: string }>((tie) => ({
  pattern: fc.oneof(
    { weight: 3, arbitrary: tie('sequence') },
    { weight: 1, arbitrary: fc.tuple(tie('sequence'), tie('sequence')).map((branches) => branches.join('|')) },
  ),
  sequence: fc.array(tie('quantified'), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
  quantified: fc
    .tuple(tie('atom'), fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{1,2}', '{0,1}', '{2,}'))
    .map((parts) => parts.join('')),
  atom: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    {
      weight: 6,
      arbitrary: fc.constantFrom('a', 'b', 'c', 'é', '.', '[ab]', '[^a]', '[a-c]', '[^b-]', '\\.', '\\d', '[\\]x]'),
    },
    { weight: 1, arbitrary: tie('pattern').map((inner) => `(?:${inner})`) },
    { weight: 1, arbitrary: tie('pattern').map((inner) => `(${inner})`) },
  ),
}));

const anchored = fc
  .tuple(fc.constantFrom('', '', '^'), pattern, fc.constantFrom('', '', '$'))
  .map((parts) => parts.join(''));
const input = fc
  .array(fc.constantFrom('a', 'b', 'c', 'é', '.', '1', 'x', ']', '-', '\n', '😀'), { maxLength: 8 })
  .map((parts) => parts.join(''));

describe('regex_extract', () => {
  it('accepts only patterns that PostgreSQL and JavaScript match alike', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(anchored, fc.array(input, { minLength: 40, maxLength: 80 }), async (source, texts) => {
        const step = parseStep({ name: 'regex_extract', args: { pattern: source, otherwise: 'fail' } });
        if ('problem' in step) return;
        accepted += 1;
        expect(
          await compareStep(
            client,
            step,
            texts.map((text) => [text]),
            contextOf('UTF8'),
          ),
        ).toEqual([]);
      }),
      { numRuns: 1500 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

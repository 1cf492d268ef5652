import fc from 'fast-check';
import { canEncode } from '../../../src/transform/encoding';
import { offset, offsetSql, uuidFrom, uuidFromSql } from '../../../src/transform/id';
import { createDatabase } from '../../support/postgres/postgres';
import { connect, contextOf } from './both-sides';
import { hostileText, near, numberText } from './hostile-text';

const namespace = 'rowproof/crm/"Ünï".täble';

describe('ids computed from keys', () => {
  it.each(['UTF8', 'LATIN1', 'WIN1252', 'SQL_ASCII'])(
    'are the same uuid in SQL and in TypeScript in a database of encoding %s',
    async (encoding) => {
      const database = await createDatabase({ prefix: 'transform', encoding });
      const client = await connect(database.url);
      try {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.tuple(hostileText, hostileText), { minLength: 50, maxLength: 200 }),
            async (pairs) => {
              const usable = pairs.filter((pair) => encoding === 'SQL_ASCII' || canEncode(encoding, pair.join('')));
              const { rows } = await client.query<{ id: string }>(
                `select (${uuidFromSql(namespace, ['a', 'b'])})::text as id from unnest($1::text[], $2::text[]) with ordinality as u(a, b, o) order by o`,
                [usable.map(([a]) => a), usable.map(([, b]) => b)],
              );
              const { sha256 } = contextOf(encoding);
              expect(rows.map(({ id }) => id)).toEqual(usable.map((pair) => uuidFrom(namespace, pair, sha256)));
            },
          ),
          { numRuns: 5 },
        );
      } finally {
        await client.end();
        await database.drop();
      }
    },
  );

  it('are shifted by the same offset in SQL and in TypeScript, at any length, and NULL where there is no whole number', async () => {
    const database = await createDatabase({ prefix: 'transform' });
    const client = await connect(database.url);
    try {
      for (const by of ['1000', '-5', '9223372036854775807']) {
        await fc.assert(
          fc.asyncProperty(fc.array(fc.option(near(numberText)), { minLength: 50, maxLength: 200 }), async (texts) => {
            const { rows } = await client.query<{ id: string | null }>(
              `select ${offsetSql('a', by)} as id from unnest($1::text[]) with ordinality as u(a, o) order by o`,
              [texts],
            );
            expect(rows.map(({ id }) => id)).toEqual(texts.map((text) => offset(text, by)));
          }),
          { numRuns: 4 },
        );
      }
    } finally {
      await client.end();
      await database.drop();
    }
  });
});

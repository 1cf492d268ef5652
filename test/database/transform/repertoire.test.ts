import type { Client } from 'pg';
import { casePairs } from '../../../src/transform/case-pairs';
import { canEncode } from '../../../src/transform/encoding';
import { whitespaceOf } from '../../../src/transform/whitespace';
import type { TestDatabase } from '../../support/postgres/postgres';
import { createDatabase } from '../../support/postgres/postgres';
import { connect } from './both-sides';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createDatabase({ prefix: 'transform' });
  client = await connect(database.url);
  await client.query(`create function public.encodes(t text, encoding name) returns boolean language plpgsql as $$
    begin perform convert_to(t, encoding); return true; exception when others then return false; end $$`);
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const encodings = [
  ...['LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10'],
  ...[
    'ISO_8859_5',
    'ISO_8859_6',
    'ISO_8859_7',
    'ISO_8859_8',
    'KOI8R',
    'KOI8U',
    'EUC_JP',
    'EUC_CN',
    'EUC_KR',
    'WIN866',
    'WIN874',
  ],
  ...['WIN1250', 'WIN1251', 'WIN1252', 'WIN1253', 'WIN1254', 'WIN1255', 'WIN1256', 'WIN1257', 'WIN1258', 'EUC_TW'],
];

const plane = Array.from({ length: 0xffff }, (_, index) => String.fromCharCode(index + 1));

describe('what an encoding can write', () => {
  it.each(encodings)('every character that rowproof takes for one of %s is one', async (encoding) => {
    const claimed = plane.filter((character) => canEncode(encoding, character));
    const { rows } = await client.query<{ t: string }>(
      `select t from unnest($1::text[]) as u(t) where not public.encodes(t, $2)`,
      [claimed, encoding],
    );
    expect(rows).toEqual([]);
  });

  it('the whole case table and the whitespace exist in UTF8, and only ASCII in an encoding that is unknown', () => {
    expect(casePairs('UTF8').toLower.size).toBeGreaterThan(500);
    expect(Array.from(whitespaceOf('UTF8'))).toHaveLength(25);
    expect(casePairs('MULE_INTERNAL').upper).toBe('');
    expect(whitespaceOf('SQL_ASCII')).toBe('\t\n\v\f\r ');
  });

  it('LATIN1 lowers É but leaves Ÿ, whose capital it lacks', () => {
    expect(casePairs('LATIN1').toLower.get('É')).toBe('é');
    expect(casePairs('LATIN1').toUpper.has('ÿ')).toBe(false);
    expect(casePairs('WIN1252').toUpper.get('ÿ')).toBe('Ÿ');
  });
});

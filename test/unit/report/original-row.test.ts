import { csvLine } from '../../../src/report/csv';
import { originalJson } from '../../../src/report/original-row';
import { parseCsv } from '../../../src/validate/csv';

const one = (kind: 'number' | 'boolean' | 'json' | 'text', value: string | null): unknown =>
  (JSON.parse(originalJson([{ name: 'c', kind }], [value])) as { c: unknown }).c;

test.each([
  ['number', '12.50', 12.5],
  ['number', '-0.001', -0.001],
  ['number', '123456789012345678', '123456789012345678'],
  ['number', 'NaN', 'NaN'],
  ['number', '-Infinity', '-Infinity'],
  ['number', '1e+400', '1e+400'],
  ['boolean', 'true', true],
  ['json', '{"a": [1, "x\\\\u0000"]}', { a: [1, 'x\\u0000'] }],
  ['json', '{"a":"\\ud83d\\ude00"}', { a: '😀' }],
  ['json', '{"a":"x\\u0000y"}', '{"a":"x\\u0000y"}'],
  ['json', '"\\ud83d"', '"\\ud83d"'],
  ['json', '"\\ude00\\ud83d"', '"\\ude00\\ud83d"'],
  ['json', '{"a":"\\\\\\u0000"}', '{"a":"\\\\\\u0000"}'],
  ['json', 'not json', 'not json'],
  ['text', '\\x00ff', '\\x00ff'],
  ['text', 'quote " and \n line', 'quote " and \n line'],
  ['text', null, null],
] as const)('%s %s stands in the JSON of a row without loss', (kind, value, expected) => {
  expect(one(kind, value)).toEqual(expected);
});

test.each(['=1+1', '+1', '-1', '@x', '\t=1', '\n=1', '＝1', 'a"b', "it's", '', 'a,b\r\nc', null])(
  'The field %j is one field for a reader of CSV, and no formula for a spreadsheet',
  (value) => {
    const line = csvLine(['t', value, 'z']);
    const field = value !== null && /^[=+\-@\t\n＝]/.test(value) ? `'${value}` : value;
    expect(parseCsv(line)).toMatchObject([{ fields: ['t', field, 'z'] }]);
  },
);

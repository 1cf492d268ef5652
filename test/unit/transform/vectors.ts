import type { Json } from '../../../src/contract/resolved-plan';

/** One table for both sides: what each transform makes of its input. `FAILED` is a bad row. */
export const FAILED = Symbol('failed');

type Expected = string | null | typeof FAILED;

export interface Vector {
  readonly transform: string;
  readonly args: Json;
  readonly input: string | null | readonly (string | null)[];
  readonly output: Expected;
}

function vectors(transform: string, args: Json, pairs: readonly (readonly [Vector['input'], Expected])[]): Vector[] {
  return pairs.map(([input, output]) => ({ transform, args, input, output }));
}

export const transformVectors: readonly Vector[] = [
  ...vectors('trim', null, [
    [null, null],
    ['', ''],
    ['  a b  ', 'a b'],
    ['\t\r\n\u00a0a\u00a0\u3000\ufeff', 'a'],
    ['\u200ba', '\u200ba'],
  ]),
  ...vectors('lower', null, [
    [null, null],
    ['ÉÀ Straße', 'éà straße'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφοσ'],
    ['ДЖ İ I', 'дж İ i'],
    ['😀A', '😀a'],
  ]),
  ...vectors('upper', null, [
    [null, null],
    ['éàÿ ß ı ς', 'ÉÀŸ ß ı ς'],
    ['ŉ ǆ ﬁ', 'ŉ Ǆ ﬁ'],
  ]),
  ...vectors('collapse_whitespace', null, [
    [null, null],
    ['a \t\u00a0b\n\nc ', 'a b c '],
    ['   ', ' '],
  ]),
  ...vectors(
    'null_if',
    ['', 'n/a', '✓'],
    [
      [null, null],
      ['', null],
      ['n/a', null],
      ['N/A', 'N/A'],
      [' ', ' '],
      ['✓', null],
    ],
  ),
  ...vectors('null_if', "it's \\", [["it's \\", null]]),
  ...vectors('default', 'unknown', [
    [null, 'unknown'],
    ['', ''],
    ['x', 'x'],
  ]),
  ...vectors('map', { A: 'active', '': 'none', '010': 'ten', X: null }, [
    [null, null],
    ['A', 'active'],
    ['', 'none'],
    ['010', 'ten'],
    ['10', FAILED],
    ['X', null],
    ['a', FAILED],
    ['constructor', FAILED],
  ]),
  ...vectors('map', { values: { A: 'active' }, otherwise: 'keep' }, [['b', 'b']]),
  ...vectors('map', { values: { A: 'active' }, otherwise: 'null' }, [['b', null]]),
  ...vectors('map', { values: { A: 'active' }, otherwise: { default: 'other' } }, [
    ['b', 'other'],
    [null, null],
  ]),
  ...vectors(
    'parse_date',
    ['YYYY-MM-DD', 'DD/MM/YYYY'],
    [
      [null, null],
      ['2020-02-29', '2020-02-29'],
      ['2019-02-29', FAILED],
      ['1900-02-29', FAILED],
      ['2000-02-29', '2000-02-29'],
      ['31/12/1999', '1999-12-31'],
      ['12/31/1999', FAILED],
      ['1/1/2020', FAILED],
      ['0000-01-01', FAILED],
      ['0001-01-01', '0001-01-01'],
      ['2020-02-29 ', FAILED],
      ['20-02-29', FAILED],
      ['', FAILED],
      ['٢٠٢٠-٠١-٠١', FAILED],
    ],
  ),
  ...vectors(
    'parse_date',
    ['D.M.YYYY', 'D MON YYYY'],
    [
      ['1.2.2020', '2020-02-01'],
      ['01.02.2020', '2020-02-01'],
      ['31.4.2020', FAILED],
      ['7 sep 2021', '2021-09-07'],
      ['7 Sept 2021', FAILED],
      ['07 FEB 2021', '2021-02-07'],
      ['7.MON.2021', FAILED],
    ],
  ),
  ...vectors(
    'parse_date',
    ['YYYY-MM-DDTHH24:MI:SS', 'YYYYMMDD', 'YYYY"年"MM"月"DD"日"'],
    [
      ['2020-01-02T03:04:05', '2020-01-02 03:04:05'],
      ['2020-01-02T24:00:00', FAILED],
      ['2020-01-02t03:04:05', FAILED],
      ['2020-01-02T03:60:05', FAILED],
      ['20200102', '2020-01-02 00:00:00'],
      ['20201301', FAILED],
      ['2020年01月02日', '2020-01-02 00:00:00'],
    ],
  ),
  ...vectors('at_zone', 'Europe/Berlin', [
    [null, null],
    ['2020-01-01 12:00:00', '2020-01-01 11:00:00+00'],
    ['2020-07-01T12:00:00.120', '2020-07-01 10:00:00.12+00'],
    ['2020-07-01', '2020-06-30 22:00:00+00'],
    ['2020-03-29 02:30:00', '2020-03-29 01:30:00+00'],
    ['2020-10-25 02:30:00', '2020-10-25 01:30:00+00'],
    ['2020-07-01 10:00:00+00', '2020-07-01 12:00:00'],
    ['2020-07-01 10:00:00-05:30', '2020-07-01 17:30:00'],
    ['infinity', 'infinity'],
    ['2020-13-01 00:00:00', FAILED],
    ['2020-01-01 12:00:00.1234567', FAILED],
    ['0044-03-15 12:00:00 BC', FAILED],
    ['now', FAILED],
  ]),
  ...vectors('at_zone', { zone: 'America/New_York', to: 'utc' }, [
    ['2021-11-07 01:30:00', '2021-11-07 06:30:00+00'],
    ['2021-11-07 01:30:00+00', FAILED],
  ]),
  ...vectors('at_zone', { zone: 'UTC', to: 'local' }, [
    ['2021-11-07 01:30:00+02', '2021-11-06 23:30:00'],
    ['2021-11-07 01:30:00', FAILED],
  ]),
  ...vectors('parse_number', { decimal: ',', group: '.' }, [
    [null, null],
    ['1.234,50', '1234.50'],
    ['-1.234.567', '-1234567'],
    ['1234,5', '1234.5'],
    ['12.34', FAILED],
    ['1.2345', FAILED],
    [' 1', FAILED],
    ['+007,0', '7.0'],
    ['-0,00', '0.00'],
    [',5', '0.5'],
    ['1,', FAILED],
    ['', FAILED],
    ['1e5', FAILED],
  ]),
  ...vectors('parse_number', null, [['1.50', '1.50']]),
  ...vectors('parse_number', { group: '\u00a0', decimal: ',' }, [['1\u00a0234,5', '1234.5']]),
  ...vectors('scale', -2, [
    [null, null],
    ['12345', '123.45'],
    ['5', '0.05'],
    ['-0', '0.00'],
    ['1e20', '1000000000000000000.00'],
    ['NaN', FAILED],
    ['', FAILED],
  ]),
  ...vectors('scale', '3', [
    ['1.5', '1500'],
    ['1.23456', '1234.56'],
  ]),
  ...vectors('round', 2, [
    [null, null],
    ['1.005', '1.01'],
    ['-1.005', '-1.01'],
    ['-0.001', '0.00'],
    ['7', '7.00'],
    ['9.999', '10.00'],
    ['x', FAILED],
  ]),
  ...vectors('round', null, [
    ['0.5', '1'],
    ['-2.5', '-3'],
    ['99999999999999999999.5', '100000000000000000000'],
  ]),
  ...vectors('round', -2, [
    ['1250', '1300'],
    ['49.9', '0'],
    ['-50', '-100'],
  ]),
  ...vectors('substring', { from: 2, for: 2 }, [
    [null, null],
    ['a😀cd', '😀c'],
    ['a', ''],
  ]),
  ...vectors('substring', [3], [['abcd', 'cd']]),
  ...vectors('concat', ' ', [
    [['a', 'b'], 'a b'],
    [['a', null], 'a'],
    [[null, null], null],
    [['', ''], ' '],
  ]),
  ...vectors('concat', { separator: '-', nulls: 'null' }, [
    [['a', 'b'], 'a-b'],
    [['a', null], null],
  ]),
  ...vectors('split_part', { on: ', ', part: 2 }, [
    [null, null],
    ['Doe, Jane', 'Jane'],
    ['Doe', ''],
    ['', ''],
  ]),
  ...vectors(
    'split_part',
    [' ', -1],
    [
      ['Jane van Doe', 'Doe'],
      ['Jane', 'Jane'],
      ['', ''],
    ],
  ),
  ...vectors('split_part', [' ', -3], [['Jane Doe', '']]),
  ...vectors('regex_extract', '^([0-9]{5})(?:-[0-9]{4})?$', [
    [null, null],
    ['12345-6789', '12345'],
    ['12345', '12345'],
    ['1234', FAILED],
    ['12345-67', FAILED],
  ]),
  ...vectors('regex_extract', '[A-Z]+[0-9]+', [
    ['xxAB12yy', 'AB12'],
    ['AB', FAILED],
  ]),
  ...vectors('regex_extract', { pattern: 'f(?:oo|ar)(x)?', otherwise: 'keep' }, [
    ['a far', null],
    ['foox', 'x'],
    ['bar', 'bar'],
  ]),
  ...vectors('regex_extract', { pattern: '[é€✓.\\]-]+', otherwise: 'null' }, [
    ['aé.]-✓b', 'é.]-✓'],
    ['a', null],
  ]),
  ...vectors('us_state', null, [
    [null, null],
    ['ny', 'NY'],
    ['New york', 'NY'],
    ['N.Y.', FAILED],
    [' NY', FAILED],
  ]),
  ...vectors('us_state', 'name', [['ny', 'New York']]),
  ...vectors('boolean', null, [
    [null, null],
    ['Y', 'true'],
    ['off', 'false'],
    ['', FAILED],
    ['2', FAILED],
  ]),
  ...vectors('boolean', { true: ['J', 'Ja'], false: 'N' }, [
    ['ja', 'true'],
    ['n', 'false'],
    ['y', FAILED],
  ]),
];

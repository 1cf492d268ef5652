import fc from 'fast-check';

/** Text as bad as columns hold it, and near misses of what transforms look for. */

const samples = [
  '',
  ' ',
  '\u00a0',
  '\t',
  '\n',
  '\r\n',
  '\v',
  '\f',
  '\u3000',
  '\ufeff',
  '\u2028',
  '\u0085',
  '\u200b',
  "'",
  '"',
  '\\',
  '\\N',
  '%',
  '_',
  '$1',
  '--',
  '{',
  '}',
  'é',
  'É',
  'ß',
  'ẞ',
  'ı',
  'İ',
  'ſ',
  'ς',
  'Σ',
  'ÿ',
  'Ÿ',
  'Ж',
  'ж',
  'Ա',
  'ա',
  'ǆ',
  'ǅ',
  'Å',
  'K',
  'Ω',
  'µ',
  '€',
  'œ',
  '😀',
  '👩‍👩‍👧',
  'e\u0301',
  '日',
  '\u0001',
  '\u001b',
  '\u007f',
  'a',
  'A',
  'z',
  'T',
  'Z',
  'e',
  'E',
  'x',
  '0',
  '1',
  '9',
  '00',
  '12',
  '31',
  '2020',
  '0000',
  '1900',
  '.',
  ',',
  '-',
  '+',
  '/',
  ':',
  '٣',
  'NaN',
  'Infinity',
  'infinity',
  'true',
  'Y',
  'no',
  'NY',
  'new york',
  'JAN',
  'Feb',
  'BC',
  ' AD',
  '+02',
  'n/a',
  'N/A',
  'f',
  'foo',
  'ab',
  '\\x',
  'ff',
];

export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...samples) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 3 }) },
    ),
    {
      maxLength: 7,
    },
  )
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text));

/** One of these texts, or one with a character changed, added or taken away. */
export function near(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const mutated = fc
    .tuple(texts, fc.nat(40), fc.constantFrom('', ...samples), fc.nat(1))
    .map(([text, at, change, cut]) => {
      const characters = Array.from(text);
      const position = at % (characters.length + 1);
      return [...characters.slice(0, position), change, ...characters.slice(position + cut)].join('');
    });
  return fc.oneof(
    { weight: 3, arbitrary: texts },
    { weight: 2, arbitrary: mutated },
    { weight: 1, arbitrary: hostileText },
  );
}

const digits = (max: number) => fc.array(fc.nat(9), { minLength: 1, maxLength: max }).map((list) => list.join(''));
const two = (max: number) => fc.nat(max).map((number) => String(number).padStart(2, '0'));
const year = fc.oneof(
  fc.constantFrom(
    '0000',
    '0001',
    '0004',
    '0100',
    '0400',
    '1582',
    '1600',
    '1700',
    '1896',
    '1900',
    '1904',
    '1970',
    '2000',
    '2019',
    '2020',
    '2024',
    '2100',
    '9999',
    '10000',
  ),
  fc.nat(9999).map((number) => String(number).padStart(4, '0')),
);
const day = fc.oneof(fc.constantFrom('28', '29', '30', '31'), two(33));
const month = fc.oneof(fc.constant('02'), two(13));

export const dateText = fc.tuple(year, month, day).map((parts) => parts.join('-'));
export const dateParts = fc.tuple(year, month, day);

const clock = fc
  .tuple(two(25), two(61), fc.option(two(61)), fc.option(digits(8)))
  .map(
    ([hour, minute, second, fraction]) =>
      `${hour}:${minute}${second === null ? '' : `:${second}${fraction === null ? '' : `.${fraction}`}`}`,
  );
export const clockText = fc.oneof(
  fc.constantFrom('00:00', '00:00:00', '00:00:00.000', '24:00:00', '23:59:59.999999'),
  clock,
);
export const timestampText = fc.oneof(
  dateText,
  fc.tuple(dateText, fc.constantFrom(' ', 'T'), clockText).map((parts) => parts.join('')),
  fc.constantFrom('infinity', '-infinity', 'epoch', 'now', '0044-03-15 00:00:00 BC'),
);
const offset = fc.oneof(
  fc.constantFrom('', 'Z', '+00', '-00', ' +01', '+15', '+16', '+1559', '-15:59:59', '+0', 'z', ' CET'),
  fc
    .tuple(fc.constantFrom('+', '-'), two(17), fc.constantFrom('', ':'), fc.option(two(61)))
    .map(([sign, hour, colon, minute]) => sign + hour + (minute === null ? '' : colon + minute)),
);
export const timestamptzText = fc.oneof(
  fc.tuple(timestampText, offset).map((parts) => parts.join('')),
  timestampText,
);

export const numberText = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', '-', '+'),
      digits(24),
      fc.constantFrom('', '.', ','),
      fc.option(digits(24)),
      fc.constantFrom('', '', '', 'e3', 'E-7', 'e+20', 'e-400', 'e400', 'e999', 'e-999', 'e1000'),
    )
    .map(([sign, whole, point, fraction, exponent]) => sign + whole + point + (fraction ?? '') + exponent),
  fc.constantFrom(
    '32767',
    '32768',
    '-32768',
    '-32769',
    '2147483647',
    '2147483648',
    '-2147483648',
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775808',
    '-9223372036854775809',
    '7.00',
    '-0',
    '-0.0',
    '.5',
    '5.',
    '.',
    '+',
    '0x1F',
    '1_000',
    '1,234.50',
    '1.234,50',
    '1 234',
    '0.1',
    '1e22',
    '1.7976931348623157e308',
    '1.7976931348623158e308',
    '1.8e308',
    '3.4028235e38',
    '3.4028236e38',
    '5e-324',
    '4e-324',
    '1e-45',
    '1.4e-45',
    '16777217',
    '9007199254740993',
    '123456789',
    '99999.995',
    '999.99',
    '-999.99',
    '1000',
    '0.005',
    '0.30000000000000004',
  ),
  fc.double({ noNaN: false }).map(String),
  fc.float().map(String),
  fc.integer().map(String),
);

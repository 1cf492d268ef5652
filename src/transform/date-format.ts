/** The formats of `parse_date`: tokens as in to_char, but strict. */

export type DateField = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

export type FormatPart =
  | { readonly field: DateField; readonly kind: 'digits'; readonly min: number; readonly max: number }
  | { readonly field: 'month'; readonly kind: 'name'; readonly min: 3; readonly max: 3 }
  | { readonly literal: string };

const tokens: readonly (readonly [string, FormatPart])[] = [
  ['YYYY', { field: 'year', kind: 'digits', min: 4, max: 4 }],
  ['MON', { field: 'month', kind: 'name', min: 3, max: 3 }],
  ['HH24', { field: 'hour', kind: 'digits', min: 2, max: 2 }],
  ['MM', { field: 'month', kind: 'digits', min: 2, max: 2 }],
  ['MI', { field: 'minute', kind: 'digits', min: 2, max: 2 }],
  ['DD', { field: 'day', kind: 'digits', min: 2, max: 2 }],
  ['SS', { field: 'second', kind: 'digits', min: 2, max: 2 }],
  ['M', { field: 'month', kind: 'digits', min: 1, max: 2 }],
  ['D', { field: 'day', kind: 'digits', min: 1, max: 2 }],
];

/** Parts of a format in order, or the sentence that says what is wrong with it. */
export function readDateFormat(format: string): readonly FormatPart[] | string {
  const parts: FormatPart[] = [];
  let rest = format;
  while (rest !== '') {
    const token = tokens.find(([name]) => rest.startsWith(name));
    const quoted = /^"([^"]+)"/.exec(rest);
    if (token !== undefined) {
      parts.push(token[1]);
      rest = rest.slice(token[0].length);
    } else if (quoted !== null) {
      parts.push({ literal: quoted[1] as string });
      rest = rest.slice(quoted[0].length);
    } else {
      const [character = ''] = rest;
      if (/[\p{L}"]/u.test(character) && character !== 'T') {
        return `the format "${format}" has an unknown token at "${rest}": use YYYY MM DD M D MON HH24 MI SS, other letters in double quotes`;
      }
      parts.push({ literal: character });
      rest = rest.slice(character.length);
    }
  }
  return complaint(format, parts) ?? parts;
}

function complaint(format: string, parts: readonly FormatPart[]): string | null {
  const fields = parts.flatMap((part) => ('field' in part ? [part.field] : []));
  const twice = fields.find((field, index) => fields.indexOf(field) !== index);
  if (twice !== undefined) return `the format "${format}" states the ${twice} twice`;
  for (const field of ['year', 'month', 'day'] as const) {
    if (!fields.includes(field)) return `the format "${format}" has no ${field}`;
  }
  if (fields.includes('minute') && !fields.includes('hour')) return `the format "${format}" has minutes without HH24`;
  if (fields.includes('second') && !fields.includes('minute')) return `the format "${format}" has seconds without MI`;
  if (parts.some((part) => 'literal' in part && /\p{N}/u.test(part.literal)))
    return `the format "${format}" has a literal digit`;
  const digits = (part: FormatPart | undefined) => part !== undefined && 'kind' in part && part.kind === 'digits';
  const open = parts.findIndex(
    (part, index) => 'field' in part && part.min !== part.max && (digits(parts[index - 1]) || digits(parts[index + 1])),
  );
  return open === -1 ? null : `the format "${format}" does not say where a one-digit day or month ends: use DD and MM`;
}

/** A format with every length decided: where each field stands, counted in characters from 1. */
export interface DateShape {
  /** The text with every digit as 9 and every letter of a month's name as `a`. */
  readonly shape: string;
  readonly fields: Readonly<
    Partial<Record<DateField, { readonly at: number; readonly length: number; readonly name: boolean }>>
  >;
  readonly literals: readonly { readonly at: number; readonly text: string }[];
}

export function dateShapes(parts: readonly FormatPart[]): readonly DateShape[] {
  return parts.reduce<readonly DateShape[]>(
    (shapes, part) =>
      shapes.flatMap((sofar): DateShape[] => {
        const at = Array.from(sofar.shape).length + 1;
        if ('literal' in part) {
          return [
            { ...sofar, shape: sofar.shape + part.literal, literals: [...sofar.literals, { at, text: part.literal }] },
          ];
        }
        const name = part.kind === 'name';
        return Array.from({ length: part.max - part.min + 1 }, (_, index) => part.min + index).map((length) => ({
          ...sofar,
          shape: sofar.shape + (name ? 'a' : '9').repeat(length),
          fields: { ...sofar.fields, [part.field]: { at, length, name } },
        }));
      }),
    [{ shape: '', fields: {}, literals: [] }],
  );
}

/** The shape with all ASCII letters as `a`: what two formats are compared by when one of them has month names. */
export function withoutLetters(shape: string): string {
  return shape.replace(/[A-Za-z]/g, 'a');
}

/** Two formats that read the same text as different days: 01/02/2020 by DD/MM/YYYY and MM/DD/YYYY. Null when there is none. */
export function ambiguous(
  formats: readonly { readonly format: string; readonly parts: readonly FormatPart[] }[],
): string | null {
  const seen = new Map<string, { format: string; fields: string }>();
  for (const { format, parts } of formats) {
    for (const shape of dateShapes(parts)) {
      const key = withoutLetters(shape.shape);
      const fields = JSON.stringify(Object.entries(shape.fields).sort(([left], [right]) => (left < right ? -1 : 1)));
      const other = seen.get(key);
      if (other !== undefined && other.fields !== fields) {
        return `"${other.format}" and "${format}" read the same text as different dates: keep one, or split the column by its origin`;
      }
      seen.set(key, { format, fields });
    }
  }
  return null;
}

import { civilFromDays, daysFromCivil, daysInMonth } from './civil';

/**
 * The ISO texts that casts and `at_zone` take: `YYYY-MM-DD`, optionally ` HH:MI[:SS[.ffffff]]` (or `T`), optionally `Z` or
 * an offset. Years 0001 to 9999; no leap seconds, no 24:00, no more than six decimals (PostgreSQL would round them).
 */
export interface IsoTimestamp {
  /** Seconds since 1970-01-01 00:00:00 of the wall clock. */
  readonly seconds: number;
  /** Decimals of the second as written. */
  readonly fraction: string;
  readonly hasTime: boolean;
  /** Seconds east of UTC; null when the text states none. */
  readonly offset: number | null;
}

const shape =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2}|:[0-9]{2}:[0-9]{2})?))?)?$/;

/** Null when the text is not of that form or names no real moment. */
export function readIsoTimestamp(text: string): IsoTimestamp | null {
  const match = shape.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || day < 1 || day > daysInMonth(year, month)) return null;
  const hasTime = match[4] !== undefined;
  const [hour, minute, second] = [Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const offset = match[8] === undefined ? null : readOffset(match[8]);
  if (offset !== null && Number.isNaN(offset)) return null;
  return {
    seconds: daysFromCivil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second,
    fraction: match[7] ?? '',
    hasTime,
    offset,
  };
}

function readOffset(text: string): number {
  if (text === 'Z') return 0;
  const digits = text.slice(1).replaceAll(':', '').padEnd(6, '0');
  const [hours, minutes, seconds] = [
    Number(digits.slice(0, 2)),
    Number(digits.slice(2, 4)),
    Number(digits.slice(4, 6)),
  ];
  if (hours > 15 || minutes > 59 || seconds > 59) return Number.NaN;
  return (text.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds);
}

/** As PostgreSQL prints a timestamp with DateStyle ISO; `zone` is `+00` for timestamptz. */
export function printTimestamp(seconds: number, fraction: string, zone: '' | '+00'): string {
  const days = Math.floor(seconds / 86400);
  const rest = seconds - days * 86400;
  const { era, text } = printDate(days);
  const time = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${text} ${time}${printFraction(fraction)}${zone}${era}`;
}

export function printFraction(fraction: string): string {
  const digits = fraction.replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

function printDate(days: number): { readonly text: string; readonly era: '' | ' BC' } {
  const { year, month, day } = civilFromDays(days);
  const two = (part: number) => String(part).padStart(2, '0');
  return {
    text: `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${two(month)}-${two(day)}`,
    era: year > 0 ? '' : ' BC',
  };
}

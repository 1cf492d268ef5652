import { plain } from './sql-text';

/** The SQL twins of `readIsoTimestamp`: one regular expression a kind, calendar included, so that the cast behind it cannot raise. */

const leap = '(0[48]|[2468][048]|[13579][26])';
const year = '([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})';
const date = `(${year}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}${leap}|${leap}00)-02-29)`;
const clock = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?';
const wholeHour = '00(:00([.]0{1,6})?)?';
const midnight = `00:${wholeHour}`;
const offset = ' ?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9]|:[0-5][0-9]:[0-5][0-9])?)';

function matches(input: string, pattern: string): string {
  return `${plain(input)} ~ '^${pattern}$'`;
}

/** `YYYY-MM-DD`, with or without a time of day; no offset. */
export function isTimestamp(input: string): string {
  return matches(input, `${date}([ T]${clock})?`);
}

/** `YYYY-MM-DD`, or that day's midnight. */
export function isDate(input: string): string {
  return matches(input, `${date}([ T]${midnight})?`);
}

const usualDate = '[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])';

/** Most dates there are, by a pattern that costs a fifth: a day that every month has, in a year of four digits. */
export function isUsualDate(input: string): string {
  return matches(input, usualDate);
}

/** The same with a time of day in whole seconds. */
export function isUsualTimestamp(input: string): string {
  return matches(input, `${usualDate} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]`);
}

/** A timestamp that states its offset from UTC. */
export function isTimestampWithOffset(input: string): string {
  return matches(input, `${date}[ T]${clock}${offset}`);
}

/** A time of day, the end of the day included. */
export function isTime(input: string): string {
  return matches(input, `(${clock}|24:${wholeHour})`);
}

export function isInfinity(input: string): string {
  return `${plain(input)} IN ('infinity', '-infinity')`;
}

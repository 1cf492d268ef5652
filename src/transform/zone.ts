/** Offsets of time zones from the runtime's own tz database, by PostgreSQL's rule for gaps and overlaps. */

interface Span {
  /** Seconds since 1970 in UTC at which the offset begins to hold. */
  readonly from: number;
  /** Seconds east of UTC. */
  readonly offset: number;
}

const day = 86400;
const formats = new Map<string, Intl.DateTimeFormat>();
const spans = new Map<string, readonly Span[]>();

/**
 * True for `UTC` and Area/City names that the runtime knows. Abbreviations are refused: PostgreSQL reads CET or EST by a setting
 * of the session, without daylight saving time.
 */
export function isZone(name: string): boolean {
  if (name === 'UTC') return true;
  if (!/^[A-Z][A-Za-z_]*(\/[A-Za-z0-9_+-]+)+$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

function measure(zone: string, seconds: number): number {
  const found: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(seconds * 1000)) found[type] = value;
  const year = found.era?.startsWith('B') === true ? 1 - Number(found.year) : Number(found.year);
  const wall = new Date(0);
  wall.setUTCFullYear(year, Number(found.month) - 1, Number(found.day));
  wall.setUTCHours(Number(found.hour), Number(found.minute), Number(found.second));
  return wall.getTime() / 1000 - seconds;
}

/** Offsets of one slice of 512 days, with a margin of days on both sides. */
function spansOf(zone: string, slice: number): readonly Span[] {
  const key = `${slice} ${zone}`;
  const known = spans.get(key);
  if (known !== undefined) return known;
  const first = slice * 512 * day - 4 * day;
  const last = (slice + 1) * 512 * day + 4 * day;
  const result: Span[] = [{ from: first, offset: measure(zone, first) }];
  for (let at = first; at < last; at += day) {
    let before = measure(zone, at);
    const after = measure(zone, at + day);
    let low = at;
    while (before !== after) {
      let high = at + day;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (measure(zone, middle) === before) low = middle;
        else high = middle;
      }
      before = measure(zone, high);
      result.push({ from: high, offset: before });
      low = high;
    }
  }
  spans.set(key, result);
  return result;
}

function indexAt(list: readonly Span[], seconds: number): number {
  let index = list.length - 1;
  while (index > 0 && (list[index] as Span).from > seconds) index -= 1;
  return index;
}

/** Wall clock seconds to UTC seconds. In a gap the offset before it holds, in an overlap the offset after it, as in PostgreSQL. */
export function wallToUtc(zone: string, wall: number): number {
  if (zone === 'UTC') return wall;
  const list = spansOf(zone, Math.floor(wall / day / 512));
  const index = indexAt(list, wall - day);
  const before = list[index] as Span;
  const after = list[index + 1];
  if (after === undefined) return wall - before.offset;
  const early = wall - before.offset;
  const late = wall - after.offset;
  if (early < after.from && late < after.from) return early;
  if (early >= after.from && late >= after.from) return late;
  return early > late ? early : late;
}

/** UTC seconds to wall clock seconds. */
export function utcToWall(zone: string, seconds: number): number {
  if (zone === 'UTC') return seconds;
  const list = spansOf(zone, Math.floor(seconds / day / 512));
  return seconds + (list[indexAt(list, seconds)] as Span).offset;
}

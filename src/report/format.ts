/** How figures and times read on a page; independent of the reader's locale and clock. */

/** 1234567 as `1,234,567`. */
export function figure(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** 0.42 s, 5.2 s, 5m32s, 1h05m. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '';
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
}

/** `2026-11-22T20:07:04.123Z` or PostgreSQL's text of a time as `2026-11-22 20:07:04 UTC`. */
export function moment(text: string | null): string {
  if (text === null || text === '') return '';
  return `${text.slice(0, 19).replace('T', ' ')} UTC`;
}

/** 33554432 as `32.0 MiB`. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let rest = value;
  while (rest >= 1024 && at < units.length - 1) {
    rest /= 1024;
    at += 1;
  }
  return at === 0 ? `${rest} B` : `${rest.toFixed(1)} ${units[at] ?? ''}`;
}

/**
 * True for a regular expression that means the same under every locale and is an error nowhere: single characters, sets of ASCII
 * letters, digits and signs, groups, alternatives and repetitions; no classes such as \d, which a locale decides about.
 */
export function isPortablePattern(pattern: string): boolean {
  if (pattern.length > 200 || pattern.startsWith('***') || pattern.includes('(?') || !ascii.test(pattern)) return false;
  if (/\\[A-Za-z0-9]|\\$|\[[.:=]|[.:=]\]/.test(pattern)) return false;
  const bounds = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].flatMap(([, min, max]) => [min, max]);
  if (bounds.some((bound) => Number(bound) > 255)) return false;
  try {
    new RegExp(pattern.replace(/\\[^A-Za-z0-9]/g, 'x'), 'u');
    return true;
  } catch {
    return false;
  }
}

const ascii = /^[\x20-\x7e]*$/;

/** True for the pattern of a LIKE, unless it ends with an escape of nothing, which is an error. */
export function isPortableLike(pattern: string): boolean {
  return !/(?:^|[^\\])(?:\\\\)*\\$/.test(pattern);
}

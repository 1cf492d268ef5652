import type { AttemptLimits, CutoverOverrides, OverrideFields } from '../contract/delta';
import type { Settings } from '../contract/resolved-plan';
import { optionalTime } from '../plan/resolve/settings';
import { seconds } from './words';

/** Two settings that an approval of the cutover, or the order of a drill, may carry: a larger freeze, and when both sides are counted. */

const time = /^\s*\d+(\.\d+)?\s*(ms|s|min)\s*$/;
export const longestFreezeMs = 3_600_000;

/** Why the settings that a message carries are refused, as a sentence, or null. */
export function refuseOverrides(given: OverrideFields, gate: string, freezesFirst: boolean): string | null {
  const { max_freeze: freeze, books } = given;
  if (freeze === undefined && books === undefined) return null;
  if (gate !== 'cutover')
    return `max_freeze and books are settings of the cutover; gate ${gate} takes neither. Leave them out.`;
  if (freezesFirst)
    return 'The sources of this run were frozen before the copy, so max_freeze and books have no effect. Leave them out.';
  const ms = typeof freeze === 'string' && time.test(freeze) ? (optionalTime(freeze) ?? 0) : 0;
  if (freeze !== undefined && (ms < 1 || ms > longestFreezeMs))
    return `max_freeze is ${shown(freeze)}; it has to be a time with its unit such as 8s, 500ms or 2min, above 0 and at most 60min.`;
  if (books !== undefined && books !== 'frozen' && books !== 'aligned')
    return `books is ${shown(books)}; it has to be frozen (both sides are counted while writers wait) or aligned (right before).`;
  return null;
}

/** What was typed, short and on one line. */
function shown(value: string | number): string {
  const text = JSON.stringify(value);
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

/** Of a message that was not refused. */
export function overridesOf({ max_freeze: freeze, books }: OverrideFields): CutoverOverrides | undefined {
  if (freeze === undefined && books === undefined) return undefined;
  const maxFreezeMs = optionalTime(freeze);
  return {
    ...(maxFreezeMs === null ? {} : { maxFreezeMs }),
    ...(books === 'frozen' || books === 'aligned' ? { books } : {}),
  };
}

/** The same for a record of the message: nothing where nothing was set. */
export function givenOverrides({ max_freeze, books }: OverrideFields): Record<string, string | number> {
  return { ...(max_freeze === undefined ? {} : { max_freeze }), ...(books === undefined ? {} : { books }) };
}

export function limitsOf(plan: Settings['cutover'], { maxFreezeMs, books }: CutoverOverrides = {}): AttemptLimits {
  return {
    maxFreezeMs: maxFreezeMs ?? plan.maxFreezeMs,
    books: books ?? plan.books,
    overridden: [
      ...(maxFreezeMs === undefined ? [] : (['max_freeze'] as const)),
      ...(books === undefined ? [] : (['books'] as const)),
    ],
  };
}

/** `max_freeze 8.0 s and books aligned were set by ben with the approval`; null where the plan alone counted. */
export function overrideNote(limits: AttemptLimits | null, by: string): string | null {
  if (limits === null || limits.overridden.length === 0) return null;
  const said = { max_freeze: `max_freeze ${seconds(limits.maxFreezeMs)}`, books: `books ${limits.books}` };
  const verb = limits.overridden.length === 1 ? 'was' : 'were';
  return `${limits.overridden.map((name) => said[name]).join(' and ')} ${verb} set by ${by} with the approval`;
}

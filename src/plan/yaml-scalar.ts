import type { PlanPath } from './position';

/** Transforms whose arguments are numbers. Every other argument is text: `1`, `010` and `no` stay what they are. */
const numeric = new Set(['scale', 'round', 'substring', 'split_part']);
const ruleText = new Set(['in', 'not_in', 'matches']);

/**
 * True where an unquoted scalar means a number, true or false. Everywhere else it is text: names of columns and tables
 * and values of maps may look like anything.
 */
function isTyped(path: PlanPath): boolean {
  const [top, , ...rest] = path;
  if (top === 'version') return true;
  if (top === 'settings') return path[1] !== 'ticket' && path[1] !== 'approvers' && path[1] !== 'notify';
  if (top === 'defaults') return path.includes('max_bad_rows');
  if (top === 'decisions') return rest[0] === 'expect';
  if (top !== 'tables') return false;
  if (rest[0] === 'max_bad_rows') return true;
  if (rest[0] === 'id') return rest[1] === 'offset' && rest[2] === 'by';
  // tables, table, columns, column, steps, index, transform, …
  if (rest[0] === 'columns') return rest[2] === 'steps' && numeric.has(String(rest[4]));
  // tables, table, rules, column, index, rule, …
  if (rest[0] === 'rules') return rest.length > 3 && !ruleText.has(String(rest[3]));
  return false;
}

/**
 * The value of an unquoted scalar at `path`: null for `null`, `~` and nothing; numbers and booleans only where the plan
 * expects them, and only numbers that a double spells exactly; else the text as written.
 */
export function plainScalar(text: string, path: PlanPath): string | number | boolean | null {
  if (text === '' || text === '~' || text === 'null') return null;
  if (!isTyped(path)) return text;
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^[-+]?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').length <= 15) return Number(text);
  return text;
}

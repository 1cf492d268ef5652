import type { PlanPath } from './position';

/**
 * True where an unquoted scalar means a number, true or false. Everywhere else it is text: names of columns and tables
 * and arguments of transforms may look like anything, and `010` or `no` must stay what they are.
 */
function isTyped(path: PlanPath): boolean {
  const [top, , ...rest] = path;
  if (top === 'version') return true;
  if (top === 'settings') return path[1] !== 'ticket' && path[1] !== 'approvers' && path[1] !== 'notify';
  if (top === 'defaults') return path.includes('max_bad_rows');
  if (top === 'decisions') return rest[0] === 'expect';
  if (top !== 'tables') return false;
  if (rest[0] === 'max_bad_rows' || ((rest[0] === 'only' || rest[0] === 'validate') && rest.length === 1)) return true;
  if (rest[0] === 'id') return rest[1] === 'offset' && rest[2] === 'by';
  return false;
}

/** tables, table, rules, column, index, rule: `not_null: true`, as people are used to from other tools. */
function isRuleArgument(path: PlanPath): boolean {
  return path[0] === 'tables' && path[2] === 'rules' && path.length === 6;
}

/**
 * The value of an unquoted scalar at `path`: null for `null`, `~` and nothing; numbers and booleans only where the plan
 * expects them, and only numbers that a double spells exactly; else the text as written.
 */
export function plainScalar(text: string, path: PlanPath): string | number | boolean | null {
  if (text === '' || text === '~' || text === 'null') return null;
  if (isRuleArgument(path) && text === 'true') return true;
  if (!isTyped(path)) return text;
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (/^[-+]?\d+(\.\d+)?$/.test(text) && text.replace(/\D/g, '').length <= 15) return Number(text);
  return text;
}

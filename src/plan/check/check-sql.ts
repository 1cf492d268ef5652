import type { ColumnTypes } from './check-casts';
import { checkCasts } from './check-casts';
import { checkSubSelects } from './check-sub-selects';
import { refusedCalls, refusedWords } from './session-dependent';
import type { SqlProblem } from './sql-problem';
import type { SqlToken } from './sql-tokens';
import { tokenizeSql } from './sql-tokens';

function checkStructure(tokens: readonly SqlToken[]): string | null {
  const open: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'parameter') return 'It holds a parameter ($1).';
    if (token.kind !== 'symbol') continue;
    if (token.text === ';') return 'It holds a semicolon.';
    if (token.text === '(' || token.text === '[') open.push(token.text === '(' ? ')' : ']');
    if ((token.text === ')' || token.text === ']') && open.pop() !== token.text)
      return 'A bracket is closed that was not opened.';
    if (token.text === ',' && open.length === 0) return 'A comma separates two expressions.';
  }
  if (open.length > 0) return 'A bracket is not closed.';
  if (tokens.length === 0) return 'It is empty.';
  const first = tokens[0] as SqlToken;
  if (
    first.kind === 'word' &&
    ['select', 'with', 'insert', 'update', 'delete', 'values', 'table'].includes(first.text) &&
    tokens[1]?.text !== '.'
  )
    return 'It is a statement.';
  return null;
}

/** Checks one user expression (`sql:` or `where:`). Texts name functions and types, never literals. */
export function checkSql(sql: string, types: ColumnTypes | null): SqlProblem[] {
  const { tokens, broken } = tokenizeSql(sql);
  const structure = broken ?? checkStructure(tokens);
  if (structure !== null) return [{ code: 'RP1015', what: structure }];
  const found = checkSubSelects(tokens);
  const add = (one: SqlProblem | null): void => {
    if (one !== null && !found.some((other) => other.what === one.what)) found.push(one);
  };
  for (const one of checkCasts(tokens, types)) add(one);
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const previous = tokens[index - 1];
    if ((token.kind === 'word' || token.kind === 'quoted') && next?.text === '(') {
      const fix = refusedCalls.get(token.value);
      const foreign =
        previous?.text === '.' && tokens[index - 2]?.text !== 'pg_catalog' && !/^(gen_random|uuid)/.test(token.value);
      if (fix !== undefined && !foreign)
        add({ code: 'RP1014', what: `\`${token.value}()\` depends on the session, the clock or chance.`, fix });
      if (token.value === 'age' && !foreign && argumentsAt(tokens, index + 1) === 1)
        add({
          code: 'RP1014',
          what: '`age()` with one argument depends on the clock.',
          fix: 'Give both moments: `age(a, b)`.',
        });
    }
    if (token.kind === 'word' && previous?.text !== '.' && next?.text !== '.' && previous?.text !== '::') {
      const fix = refusedWords.get(token.text);
      if (fix !== undefined)
        add({ code: 'RP1014', what: `\`${token.text}\` depends on the session, the clock or chance.`, fix });
    }
  });
  return found;
}

function argumentsAt(tokens: readonly SqlToken[], open: number): number {
  let depth = 0;
  let count = 1;
  for (let at = open; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as SqlToken;
    if (kind !== 'symbol') continue;
    if (text === '(' || text === '[') depth += 1;
    if (text === ')' || text === ']') depth -= 1;
    if (text === ',' && depth === 1) count += 1;
    if (depth === 0) break;
  }
  return count;
}

import type { SqlProblem } from './sql-problem';
import type { SqlToken } from './sql-tokens';

/** Relations read by sub-selects that are not written schema.table. CTEs are refused, since their names look alike. */
export function checkSubSelects(tokens: readonly SqlToken[]): SqlProblem[] {
  const found: SqlProblem[] = [];
  const stack: { select: boolean; inFrom: boolean }[] = [{ select: false, inFrom: false }];
  tokens.forEach((token, index) => {
    const top = stack.at(-1) as { select: boolean; inFrom: boolean };
    const next = tokens[index + 1];
    const previous = tokens[index - 1];
    if (token.kind === 'symbol' && token.text === '(') {
      const starts = next?.kind === 'word' && next.text === 'select';
      if (next?.kind === 'word' && next.text === 'with')
        found.push({
          code: 'RP1016',
          what: 'An expression contains a WITH query.',
          why: 'Its names cannot be distinguished from tables.',
          fix: 'Write it as a sub-select, or make a view on the source.',
        });
      // Parentheses around a table or a join inside FROM go on with that FROM; those of a call or a condition do not.
      const item = previous !== undefined && ['from', 'join', 'lateral', ',', '('].includes(previous.text);
      const inner = top.inFrom && !starts && item;
      stack.push({ select: starts || inner, inFrom: inner });
      if (stack.at(-1)?.inFrom === true) relation(index + 1);
      return;
    }
    if (token.kind === 'symbol' && token.text === ')') {
      if (stack.length > 1) stack.pop();
      return;
    }
    if (!top.select) return;
    if (token.kind === 'symbol' && token.text === ',' && top.inFrom) relation(index + 1);
    if (token.kind !== 'word') return;
    if (token.text === 'join') {
      top.inFrom = true;
      relation(index + 1);
    } else if (token.text === 'from' && tokens[index - 1]?.text !== 'distinct') {
      top.inFrom = true;
      relation(index + 1);
    } else if (
      [
        'where',
        'group',
        'having',
        'order',
        'limit',
        'offset',
        'union',
        'intersect',
        'except',
        'on',
        'fetch',
        'window',
      ].includes(token.text)
    ) {
      if (token.text !== 'on') top.inFrom = false;
    }
  });
  return found;

  function relation(start: number): void {
    let at = start;
    while (tokens[at]?.kind === 'word' && ['only', 'lateral', 'rows'].includes((tokens[at] as SqlToken).text)) at += 1;
    const token = tokens[at];
    if (token === undefined || token.text === '(' || token.text === 'select') return;
    const next = tokens[at + 1];
    if (next?.text === '.' || next?.text === '(') return;
    found.push({ code: 'RP1016', what: 'A sub-select names a table without its schema.' });
  }
}

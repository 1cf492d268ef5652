export interface SqlToken {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol';
  /** What keywords and symbols are compared by: lower-cased for a word, with its quotes for a string or a quoted name. */
  readonly text: string;
  /** The name or literal itself. */
  readonly value: string;
  /** Offset into the SQL text. */
  readonly offset: number;
}

export interface SqlTokens {
  readonly tokens: readonly SqlToken[];
  /** What makes the text unreadable as one expression, null when nothing does. */
  readonly broken: string | null;
}

const word = /^[\p{L}_\u0080-\uFFFF][\p{L}\p{N}_$\u0080-\uFFFF]*/u;

/** Splits an SQL expression as PostgreSQL's lexer does (standard_conforming_strings on), as far as `check-sql` needs. */
export function tokenizeSql(sql: string): SqlTokens {
  const tokens: SqlToken[] = [];
  let at = 0;
  const stop = (broken: string): SqlTokens => ({ tokens, broken });
  while (at < sql.length) {
    const rest = sql.slice(at);
    const add = (kind: SqlToken['kind'], value: string, length: number): void => {
      const text = kind === 'string' ? `'${value}'` : kind === 'quoted' ? `"${value}"` : value;
      tokens.push({ kind, text, value, offset: at });
      at += length;
    };
    const space = /^\s+/u.exec(rest);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    if (rest.startsWith('--') || rest.startsWith('/*')) return stop('It holds a comment.');
    const escaped = /^[eE]'((?:[^'\\]|\\[\s\S]|'')*)'/.exec(rest);
    const plain = /^(?:[uU]&|[nNbBxX])?'((?:[^']|'')*)'/.exec(rest);
    if (escaped !== null || plain !== null) {
      const match = (escaped ?? plain) as RegExpExecArray;
      add('string', (match[1] as string).replaceAll("''", "'"), match[0].length);
      continue;
    }
    if (/^(?:[eEnNbBxX]|[uU]&)?'/.test(rest)) return stop('A quote is not closed.');
    const quoted = /^(?:[uU]&)?"((?:[^"]|"")*)"/.exec(rest);
    if (quoted !== null) {
      add('quoted', (quoted[1] as string).replaceAll('""', '"'), quoted[0].length);
      continue;
    }
    if (rest.startsWith('"')) return stop('A double quote is not closed.');
    const dollar = /^\$((?:[\p{L}_][\p{L}\p{N}_]*)?)\$/u.exec(rest);
    if (dollar !== null) {
      const end = rest.indexOf(dollar[0], dollar[0].length);
      if (end < 0) return stop('A dollar quote is not closed.');
      add('string', rest.slice(dollar[0].length, end), end + dollar[0].length);
      continue;
    }
    const parameter = /^\$\d+/.exec(rest);
    if (parameter !== null) {
      add('parameter', parameter[0], parameter[0].length);
      continue;
    }
    const name = word.exec(rest);
    if (name !== null) {
      add('word', name[0].toLowerCase(), name[0].length);
      continue;
    }
    const number = /^(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/.exec(rest);
    if (number !== null) {
      add('number', number[0], number[0].length);
      continue;
    }
    if (rest.startsWith('::')) {
      add('symbol', '::', 2);
      continue;
    }
    add(
      'symbol',
      String.fromCodePoint(rest.codePointAt(0) as number),
      (rest.codePointAt(0) as number) > 0xffff ? 2 : 1,
    );
  }
  return { tokens, broken: null };
}

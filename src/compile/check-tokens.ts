/** One word, number, string or sign of an expression as PostgreSQL prints it. `text` of a string is its value. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'number' | 'string' | 'sign';
  readonly text: string;
}

const lexeme =
  /\s+|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|(\d+(?:\.\d+)?)|([A-Za-z_][\w$]*)|(::|<=|>=|<>|!~~|~~|!~|~|[-+*<>=(),[\].])/gy;

/** The tokens of an expression printed with standard_conforming_strings on; null where something stands that is not known here. */
export function checkTokens(expression: string): Token[] | null {
  const tokens: Token[] = [];
  lexeme.lastIndex = 0;
  while (lexeme.lastIndex < expression.length) {
    const match = lexeme.exec(expression);
    if (match === null) return null;
    const [, quoted, plain, number, word, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll('""', '"') });
    else if (plain !== undefined) tokens.push({ kind: 'string', text: plain.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
  }
  return tokens;
}

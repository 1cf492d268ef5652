import type { CharacterSet, Pattern, PatternNode } from './pattern';

/** For `new RegExp(…, 'us')`. */
export function toJavaScript(pattern: Pattern): string {
  return whole(
    pattern,
    (code) => (isAlphanumeric(code) ? String.fromCodePoint(code) : `\\u{${code.toString(16)}}`),
    '.',
  );
}

/** For PostgreSQL's `~` and regexp_match. Characters stand as themselves: escapes by number would mean the server's encoding. */
export function toPostgres(pattern: Pattern): string {
  return whole(
    pattern,
    (code) => (code <= 127 && !isAlphanumeric(code) && code > 32 ? '\\' : '') + String.fromCodePoint(code),
    '.',
  );
}

function isAlphanumeric(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function whole(pattern: Pattern, character: (code: number) => string, any: string): string {
  const print = (node: PatternNode): string => {
    if ('set' in node) return printSet(node.set);
    if ('sequence' in node)
      return node.sequence.map((part) => ('alternatives' in part ? `(?:${print(part)})` : print(part))).join('');
    if ('alternatives' in node) return node.alternatives.map(print).join('|');
    if ('capture' in node) return `(${print(node.capture)})`;
    const inner = 'set' in node.repeat || 'capture' in node.repeat ? print(node.repeat) : `(?:${print(node.repeat)})`;
    return inner + bounds(node.min, node.max);
  };
  const printSet = ({ negated, ranges }: CharacterSet): string => {
    if (ranges.length === 0) return any;
    const members = ranges.map(([first, last]) =>
      first === last ? character(first) : `${character(first)}-${character(last)}`,
    );
    return !negated && members.length === 1 && ranges[0]?.[0] === ranges[0]?.[1]
      ? (members[0] as string)
      : `[${negated ? '^' : ''}${members.join('')}]`;
  };
  const body = print(pattern.body);
  return `${pattern.start ? '^' : ''}${'alternatives' in pattern.body && (pattern.start || pattern.end) ? `(?:${body})` : body}${pattern.end ? '$' : ''}`;
}

function bounds(min: number, max: number | null): string {
  if (max === null) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

/** Regular expressions of the subset that PostgreSQL and JavaScript match alike. Characters are code points. */

export interface CharacterSet {
  readonly negated: boolean;
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

export type PatternNode =
  | { readonly set: CharacterSet }
  | { readonly sequence: readonly PatternNode[] }
  | { readonly alternatives: readonly PatternNode[] }
  | { readonly repeat: PatternNode; readonly min: number; readonly max: number | null }
  | { readonly capture: PatternNode };

export interface Pattern {
  /** Anchored by ^ and $. */
  readonly start: boolean;
  readonly end: boolean;
  readonly body: PatternNode;
}

/** The pattern without characters that cannot occur; null when it then cannot match at all. */
export function possibleIn(pattern: Pattern, exists: (character: string) => boolean): Pattern | null {
  const body = prune(pattern.body, exists);
  return body === null ? null : { ...pattern, body };
}

function prune(node: PatternNode, exists: (character: string) => boolean): PatternNode | null {
  if ('set' in node) {
    const ranges = node.set.ranges.filter(([first, last]) => first !== last || exists(String.fromCodePoint(first)));
    return ranges.length === 0 && !node.set.negated ? null : { set: { ...node.set, ranges } };
  }
  if ('sequence' in node) {
    const parts = node.sequence.map((part) => prune(part, exists));
    return parts.every((part) => part !== null) ? { sequence: parts } : null;
  }
  if ('alternatives' in node) {
    const alternatives = node.alternatives.map((part) => prune(part, exists)).filter((part) => part !== null);
    return alternatives.length === 0 ? null : { alternatives };
  }
  if ('capture' in node) {
    const inner = prune(node.capture, exists);
    return inner === null ? null : { capture: inner };
  }
  const inner = prune(node.repeat, exists);
  // A group that can never take part still counts: it captures nothing on both sides.
  if (inner === null)
    return node.min > 0 ? null : captures(node.repeat) ? { capture: { sequence: [] } } : { sequence: [] };
  return { ...node, repeat: inner };
}

export function captures(node: PatternNode): boolean {
  if ('capture' in node) return true;
  if ('sequence' in node) return node.sequence.some(captures);
  if ('alternatives' in node) return node.alternatives.some(captures);
  return 'repeat' in node && captures(node.repeat);
}

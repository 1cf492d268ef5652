import { literal } from '../../sql/quote';
import { checkTokens, type Token } from '../check-tokens';
import { checkTypeNamed, sqlNames, typeWords, type CheckType } from '../check-types';
import { isPortableLike, isPortablePattern } from './portable-pattern';

/** A CHECK of the target that any server evaluates alike, and never with an error, over values given by column. */
export interface PortableCheck {
  /** Target columns that it reads, each once. */
  readonly columns: readonly string[];
  /** Boolean SQL; `value` gives each column's value, typed by `sqlNames`. */
  readonly write: (value: (column: string) => string) => string;
}

interface Node {
  readonly type: CheckType;
  readonly write: PortableCheck['write'];
  /** The value of a text literal. */
  readonly text?: string;
}

/** Raised inside this file where an expression holds what may depend on the server, or may raise. */
class NotPortable extends Error {}

/**
 * Reads an expression as pg_get_expr prints it under an empty search path. Null unless it consists of comparisons, AND, OR, NOT,
 * IN, IS NULL, LIKE, simple patterns, lengths, trims and sums of whole numbers, over columns that `typeOf` knows: what else there
 * is may depend on a locale, an extension or the session, or end with an error, and is left to the target.
 */
export function portableCheck(expression: string, typeOf: (column: string) => CheckType | null): PortableCheck | null {
  const tokens = checkTokens(expression);
  if (tokens === null) return null;
  try {
    const parser = new Parser(tokens, typeOf);
    const node = parser.whole();
    return node.type === 'boolean' ? { columns: [...parser.columns], write: node.write } : null;
  } catch (error) {
    if (error instanceof NotPortable) return null;
    throw error;
  }
}

const comparisons = new Set(['=', '<>', '<', '>', '<=', '>=']);
const patterns = new Set(['~~', '!~~', '~', '!~']);

class Parser {
  readonly columns = new Set<string>();
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    private readonly typeOf: (column: string) => CheckType | null,
  ) {}

  whole(): Node {
    const node = this.or();
    if (this.at < this.tokens.length) throw new NotPortable();
    return node;
  }

  private or(): Node {
    return this.joined('OR', () => this.joined('AND', () => this.not()));
  }

  private joined(word: string, part: () => Node): Node {
    const parts = [part()];
    while (this.word(word)) parts.push(part());
    const [first] = parts;
    if (parts.length === 1) return first as Node;
    if (parts.some((one) => one.type !== 'boolean')) throw new NotPortable();
    return { type: 'boolean', write: (value) => `(${parts.map((one) => one.write(value)).join(` ${word} `)})` };
  }

  private not(): Node {
    if (!this.word('NOT')) return this.compared();
    const inner = this.not();
    if (inner.type !== 'boolean') throw new NotPortable();
    return { type: 'boolean', write: (value) => `(NOT ${inner.write(value)})` };
  }

  private compared(): Node {
    let left = this.sum();
    for (;;) {
      const sign = this.peek();
      if (sign?.kind === 'sign' && comparisons.has(sign.text)) {
        this.at += 1;
        left = this.word('ANY')
          ? this.amongst(left, sign.text, 'ANY')
          : this.word('ALL')
            ? this.amongst(left, sign.text, 'ALL')
            : comparison(left, sign.text, this.sum());
      } else if (sign?.kind === 'sign' && patterns.has(sign.text)) {
        this.at += 1;
        left = pattern(left, sign.text, this.sum());
      } else if (this.word('IS')) left = this.is(left);
      else return left;
    }
  }

  private is(left: Node): Node {
    const not = this.word('NOT') ? 'NOT ' : '';
    if (this.word('DISTINCT')) {
      this.expectWord('FROM');
      return comparison(left, `IS ${not}DISTINCT FROM`, this.sum());
    }
    for (const state of ['NULL', 'TRUE', 'FALSE', 'UNKNOWN']) {
      if (!this.word(state)) continue;
      if (state !== 'NULL' && left.type !== 'boolean') throw new NotPortable();
      return { type: 'boolean', write: (value) => `(${left.write(value)} IS ${not}${state})` };
    }
    throw new NotPortable();
  }

  private amongst(left: Node, sign: string, which: 'ANY' | 'ALL'): Node {
    this.expect('(');
    const items = this.array();
    this.expect(')');
    // in this order an ANY or ALL of single comparisons, NULLs included
    const each = items.map((item) => comparison(left, sign, item));
    if (each.length === 0) throw new NotPortable();
    const join = which === 'ANY' ? ' OR ' : ' AND ';
    return { type: 'boolean', write: (value) => `(${each.map((one) => one.write(value)).join(join)})` };
  }

  /** ARRAY[…], in parentheses or cast to an array of a type that means the same. */
  private array(): Node[] {
    let items: Node[];
    if (this.sign('(')) {
      items = this.array();
      this.expect(')');
    } else {
      this.expectWord('ARRAY');
      this.expect('[');
      items = [this.or()];
      while (this.sign(',')) items.push(this.or());
      this.expect(']');
    }
    while (this.sign('::')) {
      const type = this.typeName();
      this.expect('[');
      this.expect(']');
      items = items.map((item) => castTo(item, type));
    }
    return items;
  }

  private sum(): Node {
    let left = this.product();
    for (;;) {
      const sign = this.sign('+') ? '+' : this.sign('-') ? '-' : null;
      if (sign === null) return left;
      left = wholeNumbers(left, sign, this.product());
    }
  }

  private product(): Node {
    let left = this.cast();
    while (this.sign('*')) left = wholeNumbers(left, '*', this.cast());
    return left;
  }

  private cast(): Node {
    let node = this.primary();
    while (this.sign('::')) node = castTo(node, this.typeName());
    return node;
  }

  private primary(): Node {
    if (this.sign('-')) {
      const inner = this.cast();
      if (!isNumber(inner)) throw new NotPortable();
      return { type: inner.type, write: (value) => `(- ${exact(inner, value)})` };
    }
    if (this.sign('(')) {
      const inner = this.or();
      this.expect(')');
      return inner;
    }
    const token = this.next();
    if (token.kind === 'number') {
      const type = token.text.includes('.') || token.text.length > 18 ? 'numeric' : 'integer';
      return { type, write: () => `${token.text}::${sqlNames[type]}` };
    }
    if (token.kind === 'string') {
      // without a type it is one that PostgreSQL did not know when it stored the expression
      if (!this.sign('::')) throw new NotPortable();
      const type = this.typeName();
      return { type, write: () => `${literal(token.text)}::${sqlNames[type]}`, text: token.text };
    }
    if (token.kind === 'quoted') return this.column(token.text);
    if (token.kind !== 'word') throw new NotPortable();
    return this.named(token.text);
  }

  private named(word: string): Node {
    if (word === 'true' || word === 'false') return { type: 'boolean', write: () => word };
    if (word === 'NULL' && this.sign('::')) {
      const type = this.typeName();
      return { type, write: () => `NULL::${sqlNames[type]}` };
    }
    if (word === 'CASE') return this.case();
    if (word === 'TRIM') return this.trim();
    return this.sign('(') ? this.call(word) : this.column(word);
  }

  private case(): Node {
    const parts: Node[] = [];
    const texts: string[] = [];
    let result: Node | null = null;
    const add = (word: string, node: Node): void => {
      parts.push(node);
      texts.push(word);
    };
    while (this.word('WHEN')) {
      const when = this.or();
      if (when.type !== 'boolean') throw new NotPortable();
      add('WHEN', when);
      this.expectWord('THEN');
      result = sameType(result, this.or());
      add('THEN', result);
    }
    if (this.word('ELSE')) {
      result = sameType(result, this.or());
      add('ELSE', result);
    }
    this.expectWord('END');
    if (result === null) throw new NotPortable();
    const { type } = result;
    return {
      type,
      write: (value) => `(CASE ${parts.map((one, at) => `${texts[at]} ${one.write(value)}`).join(' ')} END)`,
    };
  }

  /** TRIM(BOTH FROM x): as btrim and its relatives. */
  private trim(): Node {
    this.expect('(');
    const side = this.word('BOTH') ? 'btrim' : this.word('LEADING') ? 'ltrim' : this.word('TRAILING') ? 'rtrim' : null;
    if (side === null) throw new NotPortable();
    const set = this.word('FROM') ? null : this.sum();
    if (set !== null) this.expectWord('FROM');
    const inner = this.sum();
    this.expect(')');
    return call(side, set === null ? [inner] : [inner, set]);
  }

  private call(name: string): Node {
    const args = [this.or()];
    while (this.sign(',')) args.push(this.or());
    this.expect(')');
    return call(name, args);
  }

  private column(name: string): Node {
    const type = this.typeOf(name);
    if (type === null || this.peek()?.text === '.') throw new NotPortable();
    this.columns.add(name);
    return { type, write: (value) => value(name) };
  }

  private typeName(): CheckType {
    for (const words of typeWords) {
      if (!words.every((word, at) => this.tokens[this.at + at]?.text === word)) continue;
      this.at += words.length;
      // a length or precision would cut or round
      if (this.peek()?.text === '(') throw new NotPortable();
      return checkTypeNamed(words.join(' ')) as CheckType;
    }
    throw new NotPortable();
  }

  private peek(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(): Token {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new NotPortable();
    return token;
  }

  private sign(text: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'sign' || token.text !== text) return false;
    this.at += 1;
    return true;
  }

  private word(text: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'word' || token.text !== text) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.sign(text)) throw new NotPortable();
  }

  private expectWord(text: string): void {
    if (!this.word(text)) throw new NotPortable();
  }
}

function isNumber({ type }: Node): boolean {
  return type === 'integer' || type === 'numeric';
}

/** A whole number as one that cannot overflow. */
function exact(node: Node, value: (column: string) => string): string {
  return node.type === 'integer' ? `(${node.write(value)})::${sqlNames.numeric}` : node.write(value);
}

function sameType(a: Node | null, b: Node): Node {
  if (a !== null && a.type !== b.type) throw new NotPortable();
  return b;
}

const equalities = new Set(['=', '<>', 'IS DISTINCT FROM', 'IS NOT DISTINCT FROM']);

function comparison(left: Node, sign: string, right: Node): Node {
  const numbers = isNumber(left) && isNumber(right);
  if (!numbers && left.type !== right.type) throw new NotPortable();
  // which text comes first is a question of the collation; which are equal is not, where it is deterministic
  if ((left.type === 'text' || left.type === 'bpchar') && !equalities.has(sign)) throw new NotPortable();
  return { type: 'boolean', write: (value) => `(${left.write(value)} ${sign} ${right.write(value)})` };
}

function pattern(left: Node, sign: string, right: Node): Node {
  if (left.type !== 'text' || right.text === undefined || right.type !== 'text') throw new NotPortable();
  const portable = sign.endsWith('~~') ? isPortableLike(right.text) : isPortablePattern(right.text);
  if (!portable) throw new NotPortable();
  return { type: 'boolean', write: (value) => `(${left.write(value)} ${sign} ${right.write(value)})` };
}

function wholeNumbers(left: Node, sign: string, right: Node): Node {
  // sums and products of bounded numbers: no numeric column, which may hold as many digits as there can be
  if (left.type !== 'integer' || right.type !== 'integer') throw new NotPortable();
  return { type: 'integer', write: (value) => `(${exact(left, value)} ${sign} ${exact(right, value)})` };
}

const widening: Readonly<Partial<Record<CheckType, readonly CheckType[]>>> = {
  integer: ['numeric', 'float'],
  bpchar: ['text'],
};

function castTo(node: Node, type: CheckType): Node {
  if (node.type === type) return node;
  if (widening[node.type]?.includes(type) !== true) throw new NotPortable();
  return { type, write: (value) => `(${node.write(value)})::${sqlNames[type]}` };
}

const lengths = new Set(['length', 'char_length', 'character_length']);
const trims = new Set(['btrim', 'ltrim', 'rtrim']);

function call(name: string, args: readonly Node[]): Node {
  const [first, second] = args as [Node, Node | undefined];
  const write: PortableCheck['write'] = (value) => `${name}(${args.map((one) => one.write(value)).join(', ')})`;
  if (lengths.has(name) && second === undefined && (first.type === 'text' || first.type === 'bpchar'))
    return { type: 'integer', write };
  if (name === 'octet_length' && second === undefined && first.type === 'bytea') return { type: 'integer', write };
  if (trims.has(name) && args.length <= 2 && args.every((one) => one.type === 'text')) return { type: 'text', write };
  if (name.toUpperCase() === 'COALESCE') {
    const type = args.reduce<Node | null>((known, one) => sameType(known, one), null)?.type as CheckType;
    return { type, write };
  }
  throw new NotPortable();
}

import type { CharacterSet, Pattern, PatternNode } from './pattern';
import { captures } from './pattern';

const digit: CharacterSet = { negated: false, ranges: [[48, 57]] };
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11 };
const hints: Readonly<Record<string, string>> = {
  w: 'write [A-Za-z0-9_] instead of \\w, whose letters follow the locale',
  s: 'write the blanks you mean, such as [ \\t], instead of \\s',
  D: 'write [^0-9] instead of \\D',
  W: 'write [^A-Za-z0-9_] instead of \\W',
  S: 'write [^ \\t] instead of \\S',
  b: 'word boundaries differ between PostgreSQL and JavaScript: anchor with ^ and $, or write the neighbouring characters',
};

class Refused extends Error {}

/** Reads a pattern, or says in one sentence what in it is outside the subset. */
export function readPattern(source: string): Pattern | string {
  try {
    return new Reader(Array.from(source)).read();
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

class Reader {
  private position = 0;
  private groups = 0;

  constructor(private readonly characters: readonly string[]) {}

  read(): Pattern {
    const start = this.take('^');
    const body = this.alternatives();
    const end = this.take('$');
    if (this.position < this.characters.length) {
      throw new Refused(this.peek() === ')' ? 'there is a ")" too many' : '^ may only come first and $ only last');
    }
    if ((start || end) && 'alternatives' in body) throw new Refused('put alternatives into a group: ^(?:a|b)$');
    return { start, end, body };
  }

  private peek(): string | undefined {
    return this.characters[this.position];
  }

  private take(expected: string): boolean {
    if (this.peek() !== expected) return false;
    this.position += 1;
    return true;
  }

  private next(): string {
    const character = this.characters[this.position];
    if (character === undefined) throw new Refused('the pattern ends in the middle');
    this.position += 1;
    return character;
  }

  private alternatives(): PatternNode {
    const found = [this.sequence()];
    while (this.take('|')) found.push(this.sequence());
    return found.length === 1 ? (found[0] as PatternNode) : { alternatives: found };
  }

  private sequence(): PatternNode {
    const parts: PatternNode[] = [];
    for (let at = this.peek(); at !== undefined && !'|)$'.includes(at); at = this.peek()) parts.push(this.quantified());
    return { sequence: parts };
  }

  private quantified(): PatternNode {
    const atom = this.atom();
    const bounds = this.bounds();
    if (bounds === null) return atom;
    const again = this.peek();
    if (again === '?') throw new Refused('lazy repeats such as *? are not in the subset');
    if (again !== undefined && '*+{'.includes(again)) throw new Refused('a repeat of a repeat needs a group');
    if (captures(atom) && bounds.max !== 1) throw new Refused('a group that captures cannot be repeated: use (?:…)');
    return { repeat: atom, ...bounds };
  }

  private bounds(): { min: number; max: number | null } | null {
    if (this.take('*')) return { min: 0, max: null };
    if (this.take('+')) return { min: 1, max: null };
    if (this.take('?')) return { min: 0, max: 1 };
    if (!this.take('{')) return null;
    let text = '';
    while (this.peek() !== '}') text += this.next();
    this.position += 1;
    const match = /^(\d{1,3})(,(\d{1,3})?)?$/.exec(text);
    if (match === null) throw new Refused('a repeat is written {m}, {m,} or {m,n}');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? null : Number(match[3]);
    if (max !== null && (max < min || max < 1)) throw new Refused('a repeat {m,n} needs m <= n and n >= 1');
    if (min > 100 || (max ?? 0) > 100) throw new Refused('a repeat counts to 100 at most');
    return { min, max };
  }

  private atom(): PatternNode {
    const character = this.next();
    if (character === '(') return this.group();
    if (character === '[') return { set: this.set() };
    if (character === '.') return { set: { negated: true, ranges: [] } };
    if (character === '\\') return { set: this.escape() };
    if (character === '^') throw new Refused('^ may only come first');
    if ('*+?{'.includes(character)) throw new Refused(`"${character}" has nothing to repeat`);
    if (']}'.includes(character)) throw new Refused(`write \\${character} for the character itself`);
    return { set: single(character) };
  }

  private group(): PatternNode {
    let capturing = true;
    if (this.take('?')) {
      if (!this.take(':')) throw new Refused('of the groups that begin with (? only (?:…) is in the subset');
      capturing = false;
    } else {
      this.groups += 1;
      if (this.groups > 1) throw new Refused('only one group can be extracted: write the others (?:…)');
    }
    const inner = this.alternatives();
    if (!this.take(')')) throw new Refused(this.peek() === '$' ? '$ may only come last' : 'a group is not closed');
    return capturing ? { capture: inner } : { sequence: [inner] };
  }

  private escape(): CharacterSet {
    const character = this.next();
    if (character === 'd') return digit;
    const control = controls[character];
    if (control !== undefined) return { negated: false, ranges: [[control, control]] };
    if (/[\p{L}\p{N}]/u.test(character)) throw new Refused(hints[character] ?? `\\${character} is not in the subset`);
    return single(character);
  }

  private set(): CharacterSet {
    const negated = this.take('^');
    const ranges: (readonly [number, number])[] = [];
    if (this.peek() === ']') throw new Refused('write \\] for the character itself');
    while (!this.take(']')) {
      const first = this.member();
      if (this.peek() !== '-' || this.characters[this.position + 1] === ']') {
        ranges.push(...first.ranges);
        continue;
      }
      this.position += 1;
      const last = this.member();
      const [low, high] = [first.ranges[0], last.ranges[0]];
      if (low === undefined || high === undefined || low[0] !== low[1] || high[0] !== high[1])
        throw new Refused('\\d cannot bound a range');
      if (low[0] > 127 || high[0] > 127) throw new Refused('ranges have ASCII ends; list other characters one by one');
      if (low[0] > high[0]) throw new Refused('a range runs backwards');
      ranges.push([low[0], high[0]]);
    }
    return { negated, ranges };
  }

  private member(): CharacterSet {
    const character = this.next();
    if (character === '[')
      throw new Refused('write \\[ for the character itself; classes such as [:alpha:] follow the locale');
    return character === '\\' ? this.escape() : single(character);
  }
}

function single(character: string): CharacterSet {
  const code = character.codePointAt(0) as number;
  return { negated: false, ranges: [[code, code]] };
}

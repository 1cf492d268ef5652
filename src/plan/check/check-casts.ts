import type { TemporalType } from './session-dependent';
import { castDependsOn, literalIsFixed } from './session-dependent';
import type { SqlProblem } from './sql-problem';
import type { SqlToken } from './sql-tokens';

/**
 * The type of a source column, null when there is no such column. Without it (no catalog yet) casts of plain columns
 * pass; they are checked again when the catalog is known.
 */
export type ColumnTypes = (column: string) => string | null;

const temporal: Readonly<Record<string, TemporalType>> = {
  date: 'date',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  time: 'time',
  timetz: 'timetz',
};
const textual = new Set(['text', 'varchar', 'char', 'character', 'bpchar', 'name']);

/** The type that a cast at `index` names, and how many tokens the name takes. */
function typeAt(
  tokens: readonly SqlToken[],
  index: number,
): { type: TemporalType | 'text' | 'money' | string; length: number } | null {
  let at = index;
  if (tokens[at]?.text === 'pg_catalog' && tokens[at + 1]?.text === '.') at += 2;
  const token = tokens[at];
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return null;
  at += 1;
  let name = token.value;
  if (name === 'timestamp' || name === 'time') {
    if (tokens[at]?.text === '(' && tokens[at + 2]?.text === ')') at += 3;
    const zoned = tokens[at]?.text === 'with' && tokens[at + 1]?.text === 'time' && tokens[at + 2]?.text === 'zone';
    const local = tokens[at]?.text === 'without' && tokens[at + 1]?.text === 'time' && tokens[at + 2]?.text === 'zone';
    if (zoned) name = `${name}tz`;
    if (zoned || local) at += 3;
  }
  return { type: temporal[name] ?? (textual.has(name) ? 'text' : name), length: at - index };
}

/** What stands before a `::` at `index`: a literal, a plain column, an earlier cast, or anything else. */
function operandBefore(
  tokens: readonly SqlToken[],
  index: number,
): { literal: string } | { column: string } | { type: string } | { column: string; zoned: true } | null {
  const token = tokens[index - 1];
  const before = tokens[index - 2];
  if (token === undefined) return null;
  if (token.kind === 'string')
    return before?.kind === 'word' && typeAt(tokens, index - 2) !== null && temporal[before.text] !== undefined
      ? { type: before.text }
      : { literal: token.value };
  if (token.kind === 'word' || token.kind === 'quoted') {
    if (before?.text === '::') return { type: token.value };
    return { column: token.value };
  }
  // ( column )
  const opener = tokens[index - 4];
  if (token.text === ')' && tokens[index - 3]?.text === '(' && opener?.kind !== 'word' && opener?.kind !== 'quoted')
    return operandBefore(tokens, index - 1);
  // ( column at time zone 'zone' )
  const [open, column, at, time, zone, name] = tokens.slice(Math.max(0, index - 7), index - 1);
  if (
    token.text === ')' &&
    index >= 7 &&
    open?.text === '(' &&
    at?.text === 'at' &&
    time?.text === 'time' &&
    zone?.text === 'zone' &&
    name?.kind === 'string' &&
    (column?.kind === 'word' || column?.kind === 'quoted')
  )
    return { column: column.value, zoned: true };
  return null;
}

function checkCast(
  operand: ReturnType<typeof operandBefore>,
  to: string,
  types: ColumnTypes | null,
): SqlProblem | null {
  if (to !== 'text' && to !== 'money' && !(to in temporal)) return null;
  const target = to as TemporalType | 'text' | 'money';
  const refuse = (from: string | null): SqlProblem | null => {
    const found = castDependsOn(from, target);
    return found === null ? null : { code: 'RP1014', what: `A cast to ${to} depends on the session.`, ...found };
  };
  if (operand === null) return target === 'text' ? null : refuse(null);
  if ('literal' in operand) {
    if (target === 'text' || (target !== 'money' && literalIsFixed(operand.literal, target))) return null;
    return {
      code: 'RP1014',
      what: `A literal of type ${to} is not in the ISO form.`,
      why: 'How it is read depends on DateStyle, TimeZone or the clock.',
      fix:
        target === 'timestamptz'
          ? "Write it as '2026-01-31 18:00:00+00', with the offset."
          : "Write it as '2026-01-31' or '2026-01-31 18:00:00'.",
    };
  }
  if ('type' in operand) return refuse(operand.type);
  if (types === null) return target === 'money' ? refuse('other') : null;
  const type = types(operand.column);
  if (type === null) return null; // the server answers unknown columns better
  const zoned = 'zoned' in operand ? (type.includes('with time zone') ? 'timestamp' : 'timestamptz') : type;
  return refuse(zoned);
}

/** Casts of an expression, however spelled, whose result depends on the session. */
export function checkCasts(tokens: readonly SqlToken[], types: ColumnTypes | null): SqlProblem[] {
  const found: SqlProblem[] = [];
  const add = (one: SqlProblem | null): void => {
    if (one !== null) found.push(one);
  };
  tokens.forEach((token, index) => {
    const next = tokens[index + 1];
    const previous = tokens[index - 1];
    if (token.text === '::' && token.kind === 'symbol') {
      const type = typeAt(tokens, index + 1);
      if (type !== null) add(checkCast(operandBefore(tokens, index), type.type, types));
    }
    if (token.kind === 'word' && token.text === 'cast' && next?.text === '(') {
      const as = tokens.findIndex(
        (one, at) =>
          at > index && one.kind === 'word' && one.text === 'as' && depthBetween(tokens, index + 1, at) === 1,
      );
      const type = as < 0 ? null : typeAt(tokens, as + 1);
      const single = as === index + 3 || tokens[index + 2]?.text === '(' ? operandBefore(tokens, as) : null;
      if (type !== null) add(checkCast(single, type.type, types));
    }
    // date '2026-01-31'
    if (
      token.kind === 'word' &&
      temporal[token.text] !== undefined &&
      previous?.text !== '::' &&
      previous?.text !== '.'
    ) {
      const type = typeAt(tokens, index);
      const literal = type === null ? undefined : tokens[index + type.length];
      if (type !== null && literal?.kind === 'string') add(checkCast({ literal: literal.value }, type.type, types));
      // date(x), the cast spelled as a call
      else if ((token.text === 'date' || token.text === 'timestamptz') && next?.text === '(') {
        const inner = tokens[index + 2];
        const plain = tokens[index + 3]?.text === ')' && (inner?.kind === 'word' || inner?.kind === 'quoted');
        add(checkCast(plain ? { column: inner.value } : null, token.text, types));
      }
    }
  });
  return found;
}

function depthBetween(tokens: readonly SqlToken[], from: number, to: number): number {
  return tokens
    .slice(from, to)
    .reduce((depth, token) => depth + (token.text === '(' ? 1 : token.text === ')' ? -1 : 0), 0);
}

import type { CharacterSet, PatternNode } from './pattern';

/**
 * PostgreSQL takes the longest match, JavaScript the first by priority of its alternatives: `a|ab` differs. They agree when
 * the next character alone decides how a match goes on (a deterministic Glushkov automaton: every text has one parse, and
 * the greedy one is the longest).
 */
interface Fragment {
  readonly nullable: boolean;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

const max = 1000;

/** Null when the pattern is deterministic, else the sentence for the plan's author. */
export function determinism(node: PatternNode): string | null {
  const sets: CharacterSet[] = [];
  const follow: Set<number>[] = [];

  const join = (left: Fragment, right: Fragment): Fragment => {
    for (const end of left.last) for (const begin of right.first) follow[end]?.add(begin);
    return {
      nullable: left.nullable && right.nullable,
      first: left.nullable ? [...left.first, ...right.first] : left.first,
      last: right.nullable ? [...left.last, ...right.last] : right.last,
    };
  };
  const optional = (inner: Fragment): Fragment => ({ ...inner, nullable: true });
  const star = (inner: Fragment): Fragment => {
    for (const end of inner.last) for (const begin of inner.first) follow[end]?.add(begin);
    return optional(inner);
  };
  const empty: Fragment = { nullable: true, first: [], last: [] };

  const build = (part: PatternNode): Fragment => {
    if (sets.length > max) return empty;
    if ('set' in part) {
      const position = sets.push(part.set) - 1;
      follow.push(new Set());
      return { nullable: false, first: [position], last: [position] };
    }
    if ('sequence' in part) return part.sequence.map(build).reduce(join, empty);
    if ('capture' in part) return build(part.capture);
    if ('alternatives' in part) {
      const branches = part.alternatives.map(build);
      // JavaScript would stop at an empty alternative where PostgreSQL tries the others.
      emptyAlternative ||= branches.some((branch) => branch.nullable);
      return {
        nullable: branches.some((branch) => branch.nullable),
        first: branches.flatMap((branch) => branch.first),
        last: branches.flatMap((branch) => branch.last),
      };
    }
    let result = empty;
    // JavaScript drops an iteration that matched nothing, PostgreSQL lets its group take part.
    emptyRepeat ||= build(part.repeat).nullable;
    for (let count = 0; count < part.min; count += 1) result = join(result, build(part.repeat));
    if (part.max === null) return join(result, star(build(part.repeat)));
    let tail = empty;
    for (let count = part.min; count < part.max; count += 1) tail = optional(join(build(part.repeat), tail));
    return join(result, tail);
  };

  let emptyAlternative = false;
  let emptyRepeat = false;
  const whole = build(node);
  if (sets.length > max) return 'the pattern is too long';
  const ways = [new Set(whole.first), ...follow];
  const undecided = ways.some((positions) => {
    const list = [...positions].map((position) => sets[position] as CharacterSet);
    return list.some((set, index) => list.slice(index + 1).some((other) => overlap(set, other)));
  });
  if (emptyAlternative) return 'an alternative can be empty: write (?:a|b)? instead of a|b|';
  if (emptyRepeat) return 'what is repeated can be empty: write (?:a+)? instead of (?:a*)?';
  return undecided
    ? 'the next character must decide how the match goes on, else PostgreSQL and JavaScript may disagree: factor out what alternatives share (f(?:oo|ar) for foo|far) and end a repeat by a character outside its set'
    : null;
}

function intervals({ negated, ranges }: CharacterSet): readonly (readonly [number, number])[] {
  const sorted = [...ranges].sort((left, right) => left[0] - right[0]);
  if (!negated) return sorted;
  const gaps: (readonly [number, number])[] = [];
  let next = 1;
  for (const [first, last] of sorted) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  return next <= 0x10ffff ? [...gaps, [next, 0x10ffff]] : gaps;
}

function overlap(left: CharacterSet, right: CharacterSet): boolean {
  const others = intervals(right);
  return intervals(left).some(([first, last]) => others.some(([from, to]) => first <= to && from <= last));
}

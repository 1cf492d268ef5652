import type { Json, StepSpec } from '../../contract/resolved-plan';
import { literal } from '../../sql/quote';
import type { Rule } from './rule';
import { scalarText } from './rule';

function noArguments(args: Json): string | null {
  return args === null || args === true || (Array.isArray(args) && args.length === 0) ? null : 'takes no arguments';
}

function numberText(value: Json | undefined): string | null {
  const text = scalarText(value);
  return text !== null && /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text.trim()) ? text.trim() : null;
}

const notNull: Rule = {
  name: 'not_null',
  description: 'No row has NULL here.',
  problem: noArguments,
  broken: (column) => `${column} is null`,
};

const unique: Rule = {
  name: 'unique',
  description: 'No two rows have the same value; NULLs do not count.',
  problem: noArguments,
  broken: null,
};

const notEmpty: Rule = {
  name: 'not_empty',
  description: 'No row has an empty or blank text.',
  problem: noArguments,
  broken: (column) => `btrim(${column}::text, E' \\t\\r\\n') = ''`,
};

const isIn: Rule = {
  name: 'in',
  description: 'Every value is one of a list, compared as text.',
  problem: (args) =>
    Array.isArray(args) && args.length > 0 && args.every((value) => scalarText(value as Json) !== null)
      ? null
      : 'takes a list of values: in: [a, b]',
  broken: (column, args) =>
    `${column}::text not in (${(args as readonly Json[]).map((value) => literal(scalarText(value) as string)).join(', ')})`,
};

const matches: Rule = {
  name: 'matches',
  description: 'Every value matches a PostgreSQL regular expression.',
  problem: (args) =>
    typeof args === 'string' && args !== '' ? null : 'takes a regular expression: matches: "^[A-Z]+$"',
  broken: (column, args) => `${column}::text !~ ${literal(args as string)}`,
};

function rangeArguments(args: Json): { min: string | null; max: string | null } | null {
  if (args === null || typeof args !== 'object' || Array.isArray(args)) return null;
  const given = args as Readonly<Record<string, Json>>;
  const known = Object.keys(given).every((name) => name === 'min' || name === 'max');
  const [min, max] = [scalarText(given['min']), scalarText(given['max'])];
  return known && (min !== null || max !== null) ? { min, max } : null;
}

const range: Rule = {
  name: 'range',
  description: 'Every value lies between min and max, both included, in the order of the column type.',
  problem: (args) => (rangeArguments(args) === null ? 'takes min, max or both: range: { min: 0, max: 100 }' : null),
  broken: (column, args) => {
    const { min, max } = rangeArguments(args) as { min: string | null; max: string | null };
    const parts = [
      ...(min === null ? [] : [`${column} < ${literal(min)}`]),
      ...(max === null ? [] : [`${column} > ${literal(max)}`]),
    ];
    return `(${parts.join(' or ')})`;
  },
};

const positive: Rule = {
  name: 'positive',
  description: 'Every number is greater than zero.',
  problem: noArguments,
  broken: (column) => `${column} <= 0`,
};

const notNegative: Rule = {
  name: 'not_negative',
  description: 'Every number is zero or more.',
  problem: noArguments,
  broken: (column) => `${column} < 0`,
};

const maxLength: Rule = {
  name: 'max_length',
  description: 'No text is longer than this many characters.',
  problem: (args) => (numberText(args) === null ? 'takes a number of characters: max_length: 80' : null),
  broken: (column, args) => `length(${column}::text) > ${numberText(args) ?? '0'}`,
};

/** Every rule a plan may name under `rules`. */
export const rules: readonly Rule[] = [
  notNull,
  unique,
  notEmpty,
  isIn,
  matches,
  range,
  positive,
  notNegative,
  maxLength,
];

const byName = new Map(rules.map((rule) => [rule.name, rule]));
// dbt's name for `in`
byName.set('accepted_values', isIn);

/** The rule of a step, or what is wrong with it and what to write instead. */
export function parseRule(spec: StepSpec): { rule: Rule; args: Json } | { problem: string; fix: string } {
  const rule = byName.get(spec.name);
  if (rule === undefined) {
    return { problem: `unknown rule ${spec.name}`, fix: `Use one of: ${[...byName.keys()].join(', ')}.` };
  }
  const wrong = rule.problem(spec.args);
  if (wrong !== null) return { problem: `rule ${spec.name} ${wrong}`, fix: rule.description };
  return { rule, args: spec.args };
}

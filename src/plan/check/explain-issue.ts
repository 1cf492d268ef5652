import type { z } from 'zod';
import type { Problem } from '../../errors/rowproof-error';
import { problem } from '../../errors/rowproof-error';
import { didYouMean } from './nearest';
import { laterKeys, laterValues } from '../plan-later';
import type { Locate, PlanPath } from '../position';

type Issue = z.core.$ZodIssue;

const formats: Readonly<Record<string, string>> = {
  name: 'Use a lower-case letter first, then lower-case letters, digits, - and _, at most 63.',
  max_bad_rows: 'Write a percentage such as `0.5%`, a number of rows, or `{ rows: 100, percent: 0.5 }`.',
  bytes: 'Write a number of bytes, or a number with kB, MB or GB.',
  lock_timeout: 'Write milliseconds, or a number with ms, s or min.',
  statement_timeout: 'Write milliseconds, or a number with ms, s or min.',
  work_mem: 'Write a number with kB, MB or GB, such as `256MB`.',
  env_prefix: 'Use letters, digits and _ only.',
  by: 'Write a whole number.',
};

const required: Readonly<Record<string, string>> = {
  version: 'Add `version: 1`.',
  name: 'Add `name:` with a short name of this migration, such as `name: crm`.',
  sources: 'Add `sources: { legacy: { url: "${LEGACY_URL}" } }`.',
  target: 'Add `target: { url: "${TARGET_URL}" }`.',
  tables: 'Add `tables:` with one entry per target table.',
  because: 'Add `because:` with the reason; auditors read it.',
  by: 'Add `by:` with the name of who decided.',
};

function kindOf(value: unknown): string {
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return 'a list';
  return (
    { object: 'a mapping', string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as 'object'] ??
    typeof value
  );
}

const expectedNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  boolean: 'true or false',
};

export function valueAt(value: unknown, path: PlanPath): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return undefined;
    inner = (inner as Record<string | number, unknown>)[step];
  }
  return inner;
}

/** The issues of the branch that the author most likely meant: the one whose outer type fits. */
export function branchOf(issue: Extract<Issue, { code: 'invalid_union' }>): Issue[] | null {
  const outer = ['invalid_type', 'invalid_value'];
  const fitting = issue.errors.filter(
    (branch) => !branch.some((one) => outer.includes(one.code) && one.path.length === 0),
  );
  return fitting.length === 1 ? (fitting[0] as Issue[]) : null;
}

function show(path: PlanPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'The plan';
  return typeof last === 'number' ? `Item ${last + 1} of \`${String(path.at(-2))}\`` : `\`${last}\``;
}

/** What a value of several possible shapes may look like. */
function shapeFix(path: PlanPath, value: unknown): { fix?: string } {
  if (path[0] === 'tables' && path[2] === 'columns' && path.length === 4)
    return { fix: 'Write a source column, or a mapping with from, value or sql.' };
  if (value === null) return { fix: 'Write a value; quote it when it means the text itself.' };
  return {};
}

/** Problems of one zod issue. `known` gives the keys that exist at a path, for suggestions. Texts hold no values. */
export function explainIssue(
  issue: Issue,
  raw: unknown,
  places: { locate: Locate; locateValue: Locate },
  known: (path: PlanPath) => readonly string[],
  above: PlanPath = [],
): Problem[] {
  const path = [...above, ...issue.path] as PlanPath;
  const key = String(path.at(-1));
  const value = valueAt(raw, path);
  const atValue = { where: places.locateValue(path) };
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((name) => {
        const where = places.locate([...path, name]);
        if (laterKeys.has(name)) return problem('RP1010', `\`${name}\` is not in this version of rowproof.`, { where });
        const keys = known(path);
        const list = keys.length === 0 ? undefined : `Known keys here: ${keys.join(', ')}.`;
        return problem('RP1003', `Unknown key \`${name}\`.${didYouMean(name, keys)}`, {
          where,
          ...(list === undefined ? {} : { fix: list }),
        });
      });
    case 'invalid_union': {
      const branch = branchOf(issue);
      if (branch !== null) return branch.flatMap((one) => explainIssue(one, raw, places, known, path));
      const fix = formats[key];
      if (fix !== undefined) return [problem('RP1004', `${show(path)} is not understood.`, { ...atValue, fix })];
      return [
        problem('RP1004', `${show(path)} is ${kindOf(value)}, which does not fit here.`, {
          ...atValue,
          ...shapeFix(path, value),
        }),
      ];
    }
    case 'invalid_type': {
      if (value === undefined && path.length > 0) {
        const fix = path.length === 1 || path[0] === 'decisions' ? required[key] : undefined;
        return [
          problem('RP1005', `\`${key}\` is missing.`, {
            where: places.locate(path.slice(0, -1)),
            ...(fix === undefined ? {} : { fix }),
          }),
        ];
      }
      const expected = expectedNames[issue.expected] ?? issue.expected;
      const fix = expected === 'text' ? 'Put it in quotes when it means the text itself.' : `Write ${expected}.`;
      return [problem('RP1004', `${show(path)} should be ${expected} and is ${kindOf(value)}.`, { ...atValue, fix })];
    }
    case 'invalid_value': {
      if (value === undefined)
        return [
          problem('RP1005', `\`${key}\` is missing.`, {
            where: places.locate(path.slice(0, -1)),
            fix: required[key] ?? `Add \`${key}\`.`,
          }),
        ];
      const later = laterValues[key] ?? [];
      const choices = issue.values.map(String).filter((choice) => !later.includes(choice));
      const near = typeof value === 'string' ? didYouMean(value, choices) : '';
      return [
        problem('RP1004', `${show(path)} has a value that is not allowed.${near}`, {
          ...atValue,
          fix: `One of: ${choices.join(', ')}.`,
        }),
      ];
    }
    case 'too_small':
      return [
        problem(
          'RP1004',
          issue.origin === 'number' || issue.origin === 'int'
            ? `${show(path)} is too small; at least ${String(issue.minimum)}.`
            : `${show(path)} is empty.`,
          atValue,
        ),
      ];
    case 'too_big':
      return [problem('RP1004', `${show(path)} is too large; at most ${String(issue.maximum)}.`, atValue)];
    case 'invalid_key':
      return [
        problem('RP1004', `The name \`${key}\` is not allowed here.`, {
          where: places.locate(path),
          fix: 'Use letters, digits, - and _, with a letter first.',
        }),
      ];
    case 'custom': {
      if (issue.message === 'one_step')
        return [
          problem('RP1004', 'A step is one transform: text, or a mapping with exactly one key.', {
            ...atValue,
            fix: 'Write each transform as its own item of the list: `[trim, { round: 2 }]`.',
          }),
        ];
      return [
        problem('RP1005', `${show(path)} holds nothing.`, {
          where: places.locate(path),
          fix: required[key] ?? 'Add an entry.',
        }),
      ];
    }
    default: {
      const fix = formats[key];
      return [
        problem('RP1004', `${show(path)} is not of the expected form.`, {
          ...atValue,
          ...(fix === undefined ? {} : { fix }),
        }),
      ];
    }
  }
}

import type { Relation } from '../contract/catalog';

/** Something that stood on a table before the run and does not stand there now as it was. */
export interface ShapeProblem {
  readonly name: string;
  readonly problem: string;
}

function missingOrChanged<T extends { readonly name: string }>(
  kind: string,
  before: readonly T[],
  now: readonly T[],
  changed: (was: T, is: T) => string | null,
): ShapeProblem[] {
  const found = new Map(now.map((one) => [one.name, one]));
  return before.flatMap((was) => {
    const is = found.get(was.name);
    const problem = is === undefined ? `${kind} is missing` : changed(was, is);
    return problem === null ? [] : [{ name: was.name, problem }];
  });
}

/**
 * Compares the rules of a target table with those it had when the run began: every index, constraint and trigger is back, as
 * it was defined, valid and enabled. What is new does not matter; what was not valid before need not be now.
 */
export function shapeProblems(before: Relation, now: Relation): ShapeProblem[] {
  return [
    ...missingOrChanged('index', before.indexes, now.indexes, (was, is) =>
      is.definition !== was.definition
        ? 'index is defined differently'
        : was.valid && !is.valid
          ? 'index is not valid'
          : null,
    ),
    ...missingOrChanged('foreign key', before.foreignKeys, now.foreignKeys, (was, is) =>
      was.definition.replace(/ NOT VALID$/, '') !== is.definition.replace(/ NOT VALID$/, '')
        ? 'foreign key is defined differently'
        : was.validated && !is.validated
          ? 'foreign key is not validated'
          : null,
    ),
    ...missingOrChanged('check', before.checks, now.checks, (was, is) =>
      is.expression !== was.expression
        ? 'check is defined differently'
        : was.validated && !is.validated
          ? 'check is not validated'
          : null,
    ),
    ...missingOrChanged('trigger', before.triggers, now.triggers, (was, is) =>
      is.enabled !== was.enabled ? 'trigger is not enabled as before' : null,
    ),
    ...before.columns
      .filter((was) => was.notNull && now.columns.find((is) => is.name === was.name)?.notNull !== true)
      .map((was) => ({ name: was.name, problem: 'column is no longer NOT NULL' })),
  ];
}

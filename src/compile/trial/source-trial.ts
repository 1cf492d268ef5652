import type { CompiledMapping, ReferenceSpec, UniqueSpec } from '../../contract/compiled';
import type { Catalog } from '../../contract/catalog';
import type { TransformContext } from '../../transform/transform';
import { findColumn, findRelation } from '../mapping-work';
import { SourceSelect } from '../statements/source-select';
import { plain } from '../../transform/sql-text';
import { familyOf, isOverPlainColumns, typeOfFamily } from './equality';

/** More keys than this are not listed: their tables are read as a whole. */
export const keysListed = 100_000;

/**
 * Rules that the source can try on the values it computes, because they are equal there when they are equal on the target. Each
 * statement computes the columns of the rule alone and gives key texts, `keysListed` and one more at most: of every row that may break the
 * rule, and of some that have a reason of their own.
 */

/** Of rows that share a unique key; null where the target alone can tell. */
export function duplicatesSql({ mapping, context }: Side, unique: UniqueSpec, target: Catalog): string | null {
  const whole = isOverPlainColumns(unique) && unique.predicate === null;
  const keys = whole ? comparedColumns(mapping, unique.columns, target) : null;
  if (keys === null) return null;
  const names = keys.map((_, at) => `"k${at + 1}"`);
  const rows = comparedRows({ mapping, context }, keys, { known: !unique.nullsNotDistinct, key: true });
  return [
    'SELECT "key"',
    `FROM (SELECT "key", count(*) OVER (PARTITION BY ${names.join(', ')}) AS "alike" FROM (${rows}) AS "u") AS "w"`,
    `WHERE "alike" > 1`,
    `LIMIT ${keysListed + 1}`,
  ].join('\n');
}

/** Of rows that a foreign key between two mappings of one source leaves without a parent, if no parent has a reason; null where the target alone can tell. */
export function orphansSql(child: Side, parent: Side, reference: ReferenceSpec, target: Catalog): string | null {
  const compared = comparedPairs(child.mapping, parent.mapping, reference, target);
  if (compared === null) return null;
  const match = compared.ours.map((_, at) => `"p"."k${at + 1}" = "c"."k${at + 1}"`);
  const parents = comparedRows(parent, compared.theirs, { known: true, key: false });
  return [
    'SELECT "c"."key"',
    `FROM (${comparedRows(child, compared.ours, { known: true, key: true })}) AS "c"`,
    `WHERE NOT EXISTS (SELECT FROM (${parents}) AS "p" WHERE ${match.join(' AND ')})`,
    `LIMIT ${keysListed + 1}`,
  ].join('\n');
}

/** Of rows whose reference is one of $1, a JSON array of arrays of texts; null where the target alone can tell. */
export function childrenSql(child: Side, parent: Side, reference: ReferenceSpec, target: Catalog): string | null {
  const compared = comparedPairs(child.mapping, parent.mapping, reference, target);
  if (compared === null) return null;
  const ours = compared.ours.map(({ family }, at) => `"c"."k${at + 1}"::${typeOfFamily(family)}`);
  const given = compared.ours.map(({ family }, at) => `("x" ->> ${at})::${typeOfFamily(family)}`);
  return [
    'SELECT "c"."key"',
    `FROM (${comparedRows(child, compared.ours, { known: true, key: true })}) AS "c"`,
    `WHERE (${ours.join(', ')}) IN (SELECT ${given.join(', ')} FROM jsonb_array_elements($1::jsonb) AS "given"("x"))`,
    `LIMIT ${keysListed + 1}`,
  ].join('\n');
}

/** A mapping and what its transforms need to know. */
export interface Side {
  readonly mapping: CompiledMapping;
  readonly context: TransformContext;
}

function comparedPairs(
  child: CompiledMapping,
  parent: CompiledMapping,
  reference: ReferenceSpec,
  target: Catalog,
): { readonly ours: ComparedColumn[]; readonly theirs: ComparedColumn[] } | null {
  if (child.source !== parent.source || (reference.matchFull && reference.columns.length > 1)) return null;
  const ours = comparedColumns(child, reference.columns, target);
  const theirs = comparedColumns(parent, reference.parentColumns, target);
  if (ours === null || theirs === null) return null;
  return ours.some(({ family }, at) => family !== theirs[at]?.family) ? null : { ours, theirs };
}

interface ComparedColumn {
  readonly name: string;
  readonly family: string;
}

/** Loaded columns whose values are equal on the source when they are equal on the target; null where one is not so. */
function comparedColumns(mapping: CompiledMapping, names: readonly string[], target: Catalog): ComparedColumn[] | null {
  const into = findRelation(target, mapping.target);
  if (into === undefined) return null;
  const columns: ComparedColumn[] = [];
  for (const name of names) {
    const column = mapping.columns.find((one) => one.target === name);
    const family = familyOf(findColumn(into, name));
    // what is padded with blanks travels without them
    if (family === null || family === 'character' || column === undefined || column.trial !== undefined) return null;
    columns.push({ name, family });
  }
  return columns;
}

/**
 * Values of rows in scope where none of these columns has a reason, as "k1", "k2", …, with `known` none of them NULL; with `key` also the key
 * text, as "key". Whether one has is one column: of many conditions the planner would think that they leave one row, and read the parents
 * again for each child.
 */
function comparedRows(
  { mapping, context }: Side,
  columns: readonly ComparedColumn[],
  asked: { readonly known: boolean; readonly key: boolean },
): string {
  const select = new SourceSelect(mapping, context);
  const { levels } = select;
  const failures = columns.flatMap(({ name }) => select.column(name).failures.map(({ when }) => when));
  const fine = levels.once(
    levels.combine(
      failures.flatMap(({ needs }) => needs),
      (...names) => {
        let at = 0;
        const each = failures.map(({ needs, write }) => `NOT (${write(...names.slice(at, (at += needs.length)))})`);
        return each.length === 0 ? 'true' : `(${each.join(' AND ')})`;
      },
    ),
  );
  const values = columns.map(({ name, family }, at) => {
    const { wire } = select.column(name);
    return {
      needs: [fine, ...wire.needs],
      write: (ok?: string, ...names: string[]) => {
        const value = wire.write(...names);
        return `CASE WHEN ${ok} THEN ${family === 'text' ? plain(value) : value} END AS "k${at + 1}"`;
      },
    };
  });
  const key = select.keyOfPassing();
  const list = [
    { needs: [fine], write: (ok?: string) => `${ok} AS "fine"` },
    ...values,
    ...(asked.key ? [{ needs: key.needs, write: (...names: string[]) => `${key.write(...names)} AS "key"` }] : []),
  ];
  const present = asked.known ? columns.map((_, at) => `"k${at + 1}" IS NOT NULL`) : [];
  const fence = "OFFSET '0'";
  return [
    `SELECT * FROM (${levels.select(select.from('in'), list, [], [], fence)}`,
    `${fence}) AS "r" WHERE ${['"fine"', ...present].join(' AND ')}`,
  ].join('\n');
}

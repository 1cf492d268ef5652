import { identifier } from '../../sql/quote';
import type { CompiledMapping, ReferenceSpec, UniqueSpec } from '../../contract/compiled';
import type { Catalog } from '../../contract/catalog';
import type { TransformContext } from '../../transform/transform';
import { findColumn, findRelation } from '../mapping-work';
import { SourceSelect } from '../statements/source-select';
import { plain } from '../../transform/sql-text';
import { familyOf, isOverPlainColumns } from './equality';

/**
 * Rules that the source can try on the values it computes, because they are equal there when they are equal on the target. Each
 * statement gives a row where some row without a reason breaks the rule among those; none where no row does.
 */

/** Of a unique key; null where the target alone can tell. */
export function duplicatesSql(
  mapping: CompiledMapping,
  unique: UniqueSpec,
  context: TransformContext,
  target: Catalog,
): string | null {
  const whole = isOverPlainColumns(unique) && unique.predicate === null;
  const keys = whole ? comparedColumns(mapping, unique.columns, target) : null;
  if (keys === null) return null;
  const names = keys.map((_, at) => `k${at + 1}`);
  const known = unique.nullsNotDistinct ? [] : keys;
  return [
    'SELECT 1',
    `FROM (${loadableRows(mapping, context, keys, known)}) AS "u"`,
    `GROUP BY ${names.map(identifier).join(', ')} HAVING count(*) > 1`,
    'LIMIT 1',
  ].join('\n');
}

/** Of a foreign key between two mappings of one source; null where the target alone can tell. */
export function orphansSql(
  child: { readonly mapping: CompiledMapping; readonly context: TransformContext },
  parent: { readonly mapping: CompiledMapping; readonly context: TransformContext },
  reference: ReferenceSpec,
  target: Catalog,
): string | null {
  if (child.mapping.source !== parent.mapping.source) return null;
  if (reference.matchFull && reference.columns.length > 1) return null;
  const ours = comparedColumns(child.mapping, reference.columns, target);
  const theirs = comparedColumns(parent.mapping, reference.parentColumns, target);
  if (ours === null || theirs === null) return null;
  if (ours.some(({ family }, at) => family !== theirs[at]?.family)) return null;
  const match = ours.map((_, at) => `"p"."k${at + 1}" = "c"."k${at + 1}"`);
  return [
    'SELECT 1',
    `FROM (${loadableRows(child.mapping, child.context, ours, ours)}) AS "c"`,
    `WHERE NOT EXISTS (SELECT FROM (${loadableRows(parent.mapping, parent.context, theirs, theirs)}) AS "p" WHERE ${match.join(' AND ')})`,
    'LIMIT 1',
  ].join('\n');
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

/** Values of rows without a reason, `known` of them not NULL, as "k1", "k2", …. */
function loadableRows(
  mapping: CompiledMapping,
  context: TransformContext,
  columns: readonly ComparedColumn[],
  known: readonly ComparedColumn[],
): string {
  const select = new SourceSelect(mapping, context);
  const values = columns.map(({ name, family }, at) => {
    const { wire } = select.column(name);
    return {
      needs: wire.needs,
      write: (...names: string[]) => {
        const value = wire.write(...names);
        return `${family === 'text' ? plain(value) : value} AS "k${at + 1}"`;
      },
    };
  });
  const present = known.map(({ name }) => {
    const { wire } = select.column(name);
    return { needs: wire.needs, write: (...names: string[]) => `(${wire.write(...names)}) IS NOT NULL` };
  });
  const conditions = [...select.loadable(), ...present];
  return select.levels.select(select.from('in'), values, conditions, [], "OFFSET '0'");
}

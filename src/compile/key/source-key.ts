import type { Column } from '../../contract/catalog';
import type { KeyColumn } from '../../contract/compiled';
import { isCaptured } from '../is-captured';
import { keyColumn } from './key-order';
import type { MappingWork } from '../mapping-work';
import { findColumn, pathOf, refusesNull } from '../mapping-work';
import { physicalKey } from './row-identity';
import { tableKey } from './table-key';

export interface SourceKey {
  readonly columns: readonly KeyColumn[];
  /** True when a constraint or an index of the source guarantees that it is unique. */
  readonly proven: boolean;
}

/**
 * The declared key, else the primary key, else a unique key that is never NULL, else, while nobody writes, the place of a row; null
 * with a problem when there is none.
 */
export function chooseSourceKey(work: MappingWork): SourceKey | null {
  const { mapping, from, source, problems } = work;
  const object = tableKey(from);
  const uniques = [...(from.primaryKey === null ? [] : [from.primaryKey]), ...from.uniques];
  // a key of the parent says nothing of the rows of its children
  const withChildren = from.inherited && !mapping.only;
  const strict = uniques.filter(({ columns }) => {
    const found = columns.map((name) => findColumn(from, name));
    return !withChildren && found.every((column) => column !== undefined && refusesNull(source, column));
  });
  if (mapping.key === null) {
    const chosen = strict[0];
    if (chosen === undefined) {
      const place = physicalKey(from, mapping.only);
      if (place !== null && !isCaptured(work) && from.privileges.select) return { columns: place, proven: true };
      problems.error('RP2011', `${object} has no primary key and no unique key that is never NULL.`, {
        path: pathOf(mapping),
        object,
      });
      return null;
    }
    return { columns: chosen.columns.map((name) => keyColumn(findColumn(from, name) as Column)), proven: true };
  }
  const columns: Column[] = [];
  for (const name of mapping.key) {
    const column = findColumn(from, name);
    if (column === undefined) {
      problems.error('RP2002', `The key column "${name}" is not in ${object}.`, {
        path: pathOf(mapping, 'key'),
        object,
      });
    } else {
      columns.push(column);
    }
  }
  if (columns.length !== mapping.key.length) return null;
  const table = from.kind === 'table' || from.kind === 'partitioned';
  const nullable = columns.filter((column) => !refusesNull(source, column));
  if (table && nullable.length > 0) {
    problems.error('RP2012', `The key of ${object} has columns that can be NULL: ${names(nullable)}.`, {
      path: pathOf(mapping, 'key'),
      object,
    });
    return null;
  }
  const declared = new Set(mapping.key);
  const proven = strict.some((unique) => unique.columns.every((name) => declared.has(name)));
  if (!proven) {
    problems.warning('RP2013', `Nothing in the source guarantees that the key of ${object} is unique.`, {
      path: pathOf(mapping, 'key'),
      object,
    });
  }
  return { columns: columns.map(keyColumn), proven };
}

function names(columns: readonly Column[]): string {
  return columns.map((column) => `"${column.name}"`).join(', ');
}

import type { Column, Relation } from '../../contract/catalog';
import type { CompiledColumn, KeyColumn } from '../../contract/compiled';
import { computesId, isDirect } from '../statements/column-to-sql';
import { isCaptured } from '../is-captured';
import { keyColumn } from './key-order';
import type { MappingWork } from '../mapping-work';
import { findColumn, pathOf, refusesNull } from '../mapping-work';
import { tableKey } from './table-key';

/**
 * The primary key when the plan loads all of it, else the first unique key that is never NULL and loaded. No columns where rows have
 * no key: they are compared by their contents. `unnamed`: rows of the source have no key either.
 */
export function chooseTargetKey(
  work: MappingWork,
  loaded: readonly CompiledColumn[],
  unnamed: boolean,
): readonly KeyColumn[] | null {
  const { mapping, into, target, problems } = work;
  const byContents = !isCaptured(work) && mapping.id === null;
  const object = tableKey(into);
  const candidates = [
    ...(into.primaryKey === null ? [] : [into.primaryKey]),
    ...into.uniques.filter(({ columns }) =>
      columns.every((name) => {
        const column = findColumn(into, name);
        return column !== undefined && refusesNull(target, column);
      }),
    ),
  ];
  if (candidates.length === 0) {
    if (byContents) return [];
    problems.error('RP2018', `${object} has no primary key and no unique key that is never NULL.`, {
      path: pathOf(mapping),
      object,
    });
    return null;
  }
  const names = new Set(loaded.map((column) => column.target));
  const chosen = candidates.find(({ columns }) => columns.every((name) => names.has(name)));
  if (chosen === undefined) {
    // the target gives a key to rows that had none, or computes it
    const given = (name: string): boolean =>
      findColumn(into, name)?.generated === true || (unnamed && givesItself(into, name, names));
    if (byContents && candidates.every((key) => key.columns.every((name) => names.has(name) || given(name)))) return [];
    const missing = (candidates[0]?.columns ?? []).filter((name) => !names.has(name));
    problems.error(
      'RP2017',
      `The plan does not load ${missing.map((name) => `"${name}"`).join(', ')} of the key of ${object}.`,
      {
        path: pathOf(mapping),
        object,
      },
    );
    return null;
  }
  return chosen.columns.map((name) => keyColumn(findColumn(into, name) as Column));
}

/** A column that the plan does not load and that has a value for each row all the same. */
function givesItself(into: Relation, name: string, loaded: ReadonlySet<string>): boolean {
  const column = findColumn(into, name);
  return !loaded.has(name) && column !== undefined && (column.identity !== '' || column.hasDefault);
}

/** Casts between these keep different values different. */
const lossless: Readonly<Record<string, readonly string[]>> = {
  smallint: ['integer', 'bigint', 'numeric', 'text', 'character varying'],
  integer: ['smallint', 'bigint', 'numeric', 'text', 'character varying'],
  bigint: ['smallint', 'integer', 'numeric', 'text', 'character varying'],
  uuid: ['text', 'character varying'],
  text: ['character varying'],
  'character varying': ['text'],
  character: ['text', 'character varying'],
};

/** Types whose equal values can be spelled differently: a key of such a type is only as injective as its own type. */
const looselyFormatted = new Set(['numeric', 'real', 'double precision', 'interval', 'character']);

const wholeOrDecimal = new Set(['smallint', 'integer', 'bigint', 'numeric']);

/** True when two source rows with different keys always have different target keys. */
export function isInjective(
  work: MappingWork,
  key: readonly KeyColumn[],
  targetKey: readonly KeyColumn[],
  loaded: readonly CompiledColumn[],
): boolean {
  const covered = new Set<string>();
  for (const { name } of targetKey) {
    const column = loaded.find((one) => one.target === name);
    if (column === undefined || findColumn(work.into, name)?.nondeterministic === true) continue;
    for (const input of injectiveInputs(column)) covered.add(input);
  }
  return key.every((column) => covered.has(column.name));
}

function injectiveInputs(column: CompiledColumn): readonly string[] {
  const id = computesId(column);
  if (id !== null && column.follows === null) {
    // an offset of text takes 7 and 07 to one number
    return id.kind === 'offset' && !wholeOrDecimal.has(column.inputTypes[0] ?? '') ? [] : column.from;
  }
  if (id !== null || !isDirect(column)) return [];
  const source = column.cast.sourceType;
  if (source === null) return [];
  if (source === column.type.name) return column.from;
  const base = column.type.kind === 'domain' ? column.type.base : column.type.name;
  if (base === null || looselyFormatted.has(base) || looselyFormatted.has(source)) {
    const integers = ['smallint', 'integer', 'bigint'];
    return base === 'numeric' && integers.includes(source) ? column.from : [];
  }
  return source === base || (lossless[source] ?? []).includes(base) ? column.from : [];
}

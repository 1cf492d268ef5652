import { refusesNull } from '../compile/mapping-work';
import { baseTypeName } from '../compile/statements/type-facts';
import type { Catalog, Column, ColumnType, TypeShape, Relation } from '../contract/catalog';
import type { CompiledMapping } from '../contract/compiled';

/**
 * What a side lost, retyped or demands beyond what the mappings were compiled for; object names only. `side` is 'target' or a source's
 * name.
 */
export function catalogDrift(mappings: readonly CompiledMapping[], side: string, catalog: Catalog): string[] {
  return mappings.flatMap((mapping) => {
    if (side !== 'target' && mapping.source !== side) return [];
    const { schema, name } = side === 'target' ? mapping.target : mapping.from;
    const relation = catalog.relations.find((known) => known.schema === schema && known.name === name);
    if (relation === undefined) return [`${schema}.${name} is gone`];
    return side === 'target' ? targetDrift(mapping, relation, catalog) : sourceDrift(mapping, relation);
  });
}

function sourceDrift(mapping: CompiledMapping, relation: Relation): string[] {
  const wanted = mapping.columns.flatMap((column) =>
    column.from.map((from, at) => [from, column.inputTypes[at]] as const),
  );
  return wanted.flatMap(([name, type]) => {
    const column = `${relation.schema}.${relation.name}.${name}`;
    const found = relation.columns.find((known) => known.name === name);
    if (found === undefined) return [`${column} is gone`];
    // a source column was compiled by the base type of its domain
    const now = baseTypeName(found.type);
    return type === undefined || now === type ? [] : [`${column} is ${now} now, was ${type}`];
  });
}

function targetDrift(mapping: CompiledMapping, relation: Relation, catalog: Catalog): string[] {
  const table = `${relation.schema}.${relation.name}`;
  const mapped = mapping.columns.flatMap((wanted) => {
    const column = `${table}.${wanted.target}`;
    const found = relation.columns.find((known) => known.name === wanted.target);
    if (found === undefined) return [`${column} is gone`];
    const [now, was] = [formatted(found.type), formatted(wanted.type)];
    if (now !== was) return [`${column} is ${now} now, was ${was}`];
    return refusesNull(catalog, found) && !wanted.notNull ? [`${column} is NOT NULL now`] : [];
  });
  const given = new Set(mapping.columns.map((column) => column.target));
  // a plan that leaves such a column out was never compiled
  const required = relation.columns.filter((column) => !given.has(column.name) && needsValue(column, catalog));
  return [...mapped, ...required.map(({ name }) => `${table}.${name} needs a value that the plan does not give`)];
}

function needsValue(column: Column, catalog: Catalog): boolean {
  if (column.hasDefault || column.identity !== '' || column.generated) return false;
  return refusesNull(catalog, column);
}

/** A type with what its modifier says, `character varying(50)`, `numeric(8,2)`, and what it is made of where its name hides that. */
function formatted({ name, length, precision, scale, fraction, declared, shape, checked }: ColumnType): string {
  const modifier = precision === null ? (length ?? fraction) : `${precision},${scale ?? 0}`;
  const own = modifier === null ? (declared ?? name) : `${name}(${modifier})`;
  const inside = shape === undefined ? [] : modifiersOf(shape);
  return [
    own,
    ...(inside.length === 0 ? [] : [`of ${inside.join(', ')}`]),
    ...(checked === true ? ['with a check'] : []),
  ].join(' ');
}

function modifiersOf({ kind, name, typmod, element, fields, labels }: TypeShape): string[] {
  if (kind === 'base') return typmod < 0 ? [name] : [`${name} modified by ${typmod}`];
  if (kind === 'enum') return [`${labels.length} labels`];
  return [...(element === null ? [] : modifiersOf(element)), ...fields.flatMap((field) => modifiersOf(field.type))];
}

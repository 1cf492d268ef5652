import { baseTypeName } from '../compile/type-facts';
import type { Catalog } from '../contract/catalog';
import type { CompiledMapping } from '../contract/compiled';

/** What a side lost or retyped of what the mappings were compiled for; object names only. `side` is 'target' or a source's name. */
export function catalogDrift(mappings: readonly CompiledMapping[], side: string, catalog: Catalog): string[] {
  return mappings.flatMap((mapping) => {
    if (side !== 'target' && mapping.source !== side) return [];
    const { schema, name } = side === 'target' ? mapping.target : mapping.from;
    const relation = catalog.relations.find((known) => known.schema === schema && known.name === name);
    if (relation === undefined) return [`${schema}.${name} is gone`];
    const wanted =
      side === 'target'
        ? mapping.columns.map((column) => [column.target, column.type.name] as const)
        : mapping.columns.flatMap((column) => column.from.map((from, at) => [from, column.inputTypes[at]] as const));
    return wanted.flatMap(([column, type]) => {
      const found = relation.columns.find((known) => known.name === column);
      if (found === undefined) return [`${schema}.${name}.${column} is gone`];
      // a source column was compiled by the base type of its domain
      const now = side === 'target' ? found.type.name : baseTypeName(found.type);
      return type === undefined || now === type ? [] : [`${schema}.${name}.${column} is ${now} now, was ${type}`];
    });
  });
}

import type { Catalog, ForeignKey, Relation } from '../../contract/catalog';
import type { CompiledMapping, ReferenceSpec, UniqueSpec } from '../../contract/compiled';
import type { Catalogs } from '../catalogs';
import { findColumn, findRelation, sameTable } from '../mapping-work';
import { computesId } from '../statements/column-to-sql';
import { familyOf, isOverPlainColumns, keepsEquality } from './equality';

/**
 * What a constraint of the source says already of the rows that a mapping gives: discovery need not try it. It saves time and is no
 * evidence: the target builds its own index, and validates its own foreign key, from the rows that it got.
 */

/** True when no two rows of the mapping can share the unique key of the target. */
export function isUniqueAlready(
  mapping: CompiledMapping,
  unique: UniqueSpec,
  mappings: readonly CompiledMapping[],
  catalogs: Catalogs,
): boolean {
  const relation = ownRelation(mapping, catalogs);
  const into = findRelation(catalogs.target, mapping.target);
  if (relation === null || into === undefined || !isOverPlainColumns(unique)) return false;
  if (mappings.filter(({ target }) => sameTable(target, mapping.target)).length !== 1) return false;
  const kept = new Set(
    unique.columns.flatMap((name) => {
      const column = mapping.columns.find(({ target }) => target === name);
      const stored = findColumn(into, name);
      if (column === undefined || stored === undefined || column.follows !== null) return [];
      const from = column.from.map((own) => findColumn(relation, own));
      return keepsEquality(column, from, stored) ? column.from : [];
    }),
  );
  return relation.indexes.some(
    (index) =>
      index.unique &&
      index.valid &&
      !index.exclusion &&
      index.predicate === null &&
      index.columns.length > 0 &&
      index.columns.every((name) => name !== null && kept.has(name)) &&
      // rows that share a NULL share no key of the source
      (!unique.nullsNotDistinct ||
        index.nullsNotDistinct ||
        index.columns.every((name) => findColumn(relation, name as string)?.notNull === true)),
  );
}

/** True when a row of the mapping has a parent as long as every row of the parent's table is migrated. */
export function isReferredAlready(
  child: CompiledMapping,
  reference: ReferenceSpec,
  mappings: readonly CompiledMapping[],
  catalogs: Catalogs,
): boolean {
  const parent = mappings.find(({ name }) => name === reference.parentMapping);
  if (parent === undefined || parent.source !== child.source || parent.only) return false;
  const relation = ownRelation(child, catalogs);
  const source = catalogs.sources[child.source];
  const parentRelation = source === undefined ? undefined : findRelation(source, parent.from);
  if (relation === null || parentRelation === undefined) return false;
  if (reference.matchFull && reference.columns.length > 1) return false;
  return relation.foreignKeys.some(
    (key) =>
      key.validated &&
      sameTable(key.references, parent.from) &&
      covers(key, pairsOf(child, parent, reference, relation, parentRelation, catalogs.target)),
  );
}

/** A table whose constraints speak for all rows that the mapping reads; null for others. */
function ownRelation(mapping: CompiledMapping, catalogs: Catalogs): Relation | null {
  const source = catalogs.sources[mapping.source];
  const relation = source === undefined ? undefined : findRelation(source, mapping.from);
  if (relation === undefined || (relation.kind !== 'table' && relation.kind !== 'partitioned')) return null;
  // a key of the parent says nothing of the rows of its children
  return relation.inherited && !mapping.only ? null : relation;
}

type Pair = readonly [child: string, parent: string];

/** The columns of the source that the reference compares, through transforms that are alike on both sides; null where they are not. */
function pairsOf(
  child: CompiledMapping,
  parent: CompiledMapping,
  reference: ReferenceSpec,
  relation: Relation,
  parentRelation: Relation,
  target: Catalog,
): Pair[] | null {
  const pairs: Pair[] = [];
  for (const [at, name] of reference.columns.entries()) {
    const theirName = reference.parentColumns[at] as string;
    const ours = child.columns.find((column) => column.target === name);
    const theirs = parent.columns.find((column) => column.target === theirName);
    const into = findRelation(target, child.target)?.columns.find((column) => column.name === name);
    const theirInto = findRelation(target, parent.target)?.columns.find((column) => column.name === theirName);
    if (ours === undefined || theirs === undefined || into === undefined || theirInto === undefined) return null;
    const computed = computesId(ours) !== null;
    // one computes what the other computes, or neither does
    if (computed ? ours.follows?.mapping !== parent.name || theirs.follows !== null : ours.id !== null) return null;
    if (computed !== (computesId(theirs) !== null) || ours.from.length !== theirs.from.length) return null;
    const from = ours.from.map((own) => findColumn(relation, own));
    const theirFrom = theirs.from.map((own) => findColumn(parentRelation, own));
    if (!keepsEquality(ours, from, into) || !keepsEquality(theirs, theirFrom, theirInto)) return null;
    if (familyOf(into) !== familyOf(theirInto)) return null;
    pairs.push(...ours.from.map((own, part): Pair => [own, theirs.from[part] as string]));
  }
  return pairs;
}

function covers(key: ForeignKey, pairs: readonly Pair[] | null): boolean {
  if (pairs === null || pairs.length !== key.columns.length) return false;
  return key.columns.every((own, at) =>
    pairs.some(([child, parent]) => child === own && parent === key.referencedColumns[at]),
  );
}

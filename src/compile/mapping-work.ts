import type { Catalog, Column, Domain, QualifiedName, Relation } from '../contract/catalog';
import type { MappingPlan, ResolvedPlan } from '../contract/resolved-plan';
import { identifier } from '../sql/quote';
import type { ProblemList } from './problem-list';
import { tableKey } from './key/table-key';

/** One mapping on its way to being compiled: both relations are known to exist. */
export interface MappingWork {
  readonly plan: ResolvedPlan;
  readonly mapping: MappingPlan;
  readonly sources: Readonly<Record<string, Catalog>>;
  readonly source: Catalog;
  readonly target: Catalog;
  readonly from: Relation;
  readonly into: Relation;
  readonly problems: ProblemList;
}

export function sameTable(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}

export function findRelation(catalog: Catalog, name: QualifiedName): Relation | undefined {
  return catalog.relations.find((relation) => sameTable(relation, name));
}

export function findColumn(relation: Relation, name: string): Column | undefined {
  return relation.columns.find((column) => column.name === name);
}

/** The mapping that a `ref` names: by short name or by schema.table. */
export function findMapping(plan: ResolvedPlan, ref: string): MappingPlan | undefined {
  return plan.mappings.find((one) => one.name === ref) ?? plan.mappings.find((one) => tableKey(one.target) === ref);
}

/** Path of a mapping in the plan file, with more below it. */
export function pathOf(mapping: MappingPlan, ...more: (string | number)[]): (string | number)[] {
  return ['tables', tableKey(mapping.target), ...more];
}

/** NOT NULL by the column or by its domain. */
export function refusesNull(catalog: Catalog, column: Column): boolean {
  if (column.notNull) return true;
  if (column.type.kind !== 'domain') return false;
  return domainsUnder(catalog, column.type.name).some((domain) => domain.notNull);
}

/** The domain of this name and the domains that it rests on. */
export function domainsUnder(catalog: Catalog, name: string): Domain[] {
  const domain = catalog.domains.find((one) => domainName(one, name));
  return domain === undefined ? [] : [domain, ...domainsUnder(catalog, domain.base)];
}

/** True when a type's name, as format_type spells it, is this domain's. */
function domainName(domain: QualifiedName, name: string): boolean {
  const spellings = (part: string): string[] => [part, identifier(part)];
  return spellings(domain.schema).some((schema) => spellings(domain.name).some((own) => name === `${schema}.${own}`));
}

/** True for a child by inheritance, and for what inherits from it. */
export function descends(catalog: Catalog, child: QualifiedName, ancestor: QualifiedName): boolean {
  const parents = findRelation(catalog, child)?.inherits ?? [];
  return parents.some((parent) => sameTable(parent, ancestor) || descends(catalog, parent, ancestor));
}

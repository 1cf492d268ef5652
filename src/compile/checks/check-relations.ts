import type { Catalog, Relation } from '../../contract/catalog';
import type { MappingPlan, ResolvedPlan } from '../../contract/resolved-plan';
import { isCaptured } from '../is-captured';
import { descends, findRelation, pathOf, sameTable } from '../mapping-work';
import { tableKey } from '../key/table-key';
import type { ProblemList } from '../problem-list';
import { counted } from '../../report/counted';

/** Whether both relations of a mapping exist and are of a kind that can be read and filled; false when one does not exist. */
export function checkRelations(
  plan: ResolvedPlan,
  mapping: MappingPlan,
  source: Catalog | undefined,
  target: Catalog,
  problems: ProblemList,
): boolean {
  const found = [checkSource(plan, mapping, source, problems), checkTarget(plan, mapping, target, problems)];
  if (source !== undefined) checkSameTable(mapping, source, target, problems);
  return found.every(Boolean);
}

function checkSource(
  plan: ResolvedPlan,
  mapping: MappingPlan,
  source: Catalog | undefined,
  problems: ProblemList,
): boolean {
  const path = pathOf(mapping, 'from');
  if (source === undefined) {
    problems.error('RP2040', `There is no source "${mapping.source}".`, { path: pathOf(mapping, 'source') });
    return false;
  }
  const object = tableKey(mapping.from);
  const relation = findRelation(source, mapping.from);
  if (relation === undefined) {
    problems.error('RP2001', `The source ${mapping.source} has no table ${object}.`, {
      path,
      object,
      ...similar(source, mapping.from),
    });
    return false;
  }
  if (relation.inherited) checkChildren(plan, mapping, source, problems);
  return true;
}

/** A parent is read with the rows of its children, unless `only` says otherwise: no row may be read twice. */
function checkChildren(plan: ResolvedPlan, mapping: MappingPlan, source: Catalog, problems: ProblemList): void {
  const object = tableKey(mapping.from);
  const place = { path: pathOf(mapping, 'from'), object };
  if (isCaptured({ plan })) {
    problems.error('RP2021', `${object} has inheritance children, whose changes cannot be followed.`, {
      ...place,
      fix: 'Freeze the source first: `capture: none` with `pattern: big_bang`.',
    });
    return;
  }
  if (mapping.only) return;
  const twice = plan.mappings.find(
    (other) => other.source === mapping.source && other !== mapping && descends(source, other.from, mapping.from),
  );
  if (twice !== undefined)
    problems.error('RP2086', `The rows of ${tableKey(twice.from)} are read twice: it inherits from ${object}.`, place);
  else problems.warning('RP2087', `${object} is read with the rows of its inheritance children.`, place);
}

function checkTarget(plan: ResolvedPlan, mapping: MappingPlan, target: Catalog, problems: ProblemList): boolean {
  const path = pathOf(mapping);
  const object = tableKey(mapping.target);
  const schema = target.schemas.find((one) => one.name === mapping.target.schema);
  if (schema === undefined || !schema.usage) {
    const what = schema === undefined ? 'does not exist' : 'may not be used by this role';
    problems.error('RP2003', `The schema "${mapping.target.schema}" ${what} in the target.`, { path, object });
    return false;
  }
  const relation = findRelation(target, mapping.target);
  if (relation === undefined) {
    problems.error('RP2004', `The target has no table ${object}.`, {
      path,
      object,
      ...similar(target, mapping.target),
    });
    return false;
  }
  const first = plan.mappings.find((one) => sameTable(one.target, mapping.target));
  if (first !== mapping) problems.error('RP2019', `${object} is filled by two entries of the plan.`, { path, object });
  checkKind(relation, path, problems);
  if (mapping.whenNotEmpty === 'refuse' && relation.estimatedRows > 0) {
    problems.warning('RP2032', `${object} seems to hold about ${counted(relation.estimatedRows, 'row')}.`, {
      path,
      object,
    });
  }
  return true;
}

function checkKind(relation: Relation, path: (string | number)[], problems: ProblemList): void {
  const object = tableKey(relation);
  if (relation.kind !== 'table' && relation.kind !== 'partitioned') {
    problems.error('RP2020', `${object} is a ${relation.kind}.`, { path, object });
  } else if (relation.partitionOf !== null) {
    problems.error('RP2020', `${object} is a partition of ${tableKey(relation.partitionOf)}.`, { path, object });
  }
  if (relation.inherited) problems.error('RP2021', `${object} has inheritance children.`, { path, object });
}

function checkSameTable(mapping: MappingPlan, source: Catalog, target: Catalog, problems: ProblemList): void {
  const a = source.server;
  const b = target.server;
  const sameDatabase =
    a.systemIdentifier !== null && a.systemIdentifier === b.systemIdentifier && a.database === b.database;
  if (sameDatabase && sameTable(mapping.from, mapping.target)) {
    problems.error('RP2037', `${tableKey(mapping.from)} is both read and filled.`, { path: pathOf(mapping) });
  }
}

function similar(catalog: Catalog, name: { schema: string; name: string }): { fix?: string } {
  const near =
    catalog.relations.find((one) => tableKey(one).toLowerCase() === tableKey(name).toLowerCase()) ??
    catalog.relations.find((one) => one.name === name.name);
  return near === undefined ? {} : { fix: `Did you mean "${tableKey(near)}"?` };
}

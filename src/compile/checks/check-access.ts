import type { Catalog, Relation } from '../../contract/catalog';
import type { ResolvedPlan } from '../../contract/resolved-plan';
import { identifier } from '../../sql/quote';
import { readColumns } from '../compile-columns';
import type { MappingWork } from '../mapping-work';
import { pathOf, sameTable } from '../mapping-work';
import { tableKey } from '../key/table-key';
import type { ProblemList } from '../problem-list';

/** Privileges, ownership and row security of both relations of a mapping. */
export function checkAccess(work: MappingWork): void {
  const { mapping, source, target, from, into, problems } = work;
  const object = tableKey(from);
  const path = pathOf(mapping, 'from');
  const used = !source.schemas.some((one) => one.name === from.schema && !one.usage);
  const hidden = hiddenColumns(work);
  if (used && !from.privileges.select && hidden.length > 0 && from.columns.some((one) => one.readable)) {
    const names = hidden.map((name) => `"${name}"`).join(', ');
    problems.error('RP2023', `The role ${source.server.user} may not read ${names} of ${object}.`, {
      path,
      object,
      fix: `Grant SELECT (${hidden.map(identifier).join(', ')}) on the table, or leave ${hidden.length === 1 ? 'the column' : 'these columns'} out under \`ignore\`.`,
    });
  } else if (!used || (!from.privileges.select && hidden.length > 0)) {
    problems.error('RP2023', `The role ${source.server.user} may not read ${object}.`, { path, object });
  }
  checkRowSecurity(from, source, path, problems);
  const { privileges } = into;
  const missing = (['select', 'insert', 'update', 'delete', 'truncate'] as const).filter((name) => !privileges[name]);
  const targetObject = tableKey(into);
  if (missing.length > 0) {
    problems.error('RP2024', `The role ${target.server.user} has no ${missing.join(', ')} on ${targetObject}.`, {
      path: pathOf(mapping),
      object: targetObject,
    });
  }
  if (!owns(target, into)) {
    problems.error('RP2025', `${targetObject} is owned by ${into.owner}, the role is ${target.server.user}.`, {
      path: pathOf(mapping),
      object: targetObject,
    });
  }
  checkRowSecurity(into, target, pathOf(mapping), problems);
}

/** Columns that the plan reads, the key included, and the role may not. */
function hiddenColumns(work: MappingWork): string[] {
  const { mapping, from } = work;
  const read = readColumns(work);
  for (const name of mapping.key ?? from.primaryKey?.columns ?? []) read.add(name);
  return from.columns.filter((column) => read.has(column.name) && !column.readable).map((column) => column.name);
}

/** Tables outside the plan whose foreign keys point to a mapped table: they are dropped and rebuilt too. */
export function checkForeignReferers(plan: ResolvedPlan, target: Catalog, problems: ProblemList): void {
  for (const relation of target.relations) {
    if (owns(target, relation) || plan.mappings.some((mapping) => sameTable(mapping.target, relation))) continue;
    for (const key of relation.foreignKeys) {
      const mapping = plan.mappings.find((one) => sameTable(one.target, key.references));
      if (mapping === undefined) continue;
      problems.error(
        'RP2041',
        `${tableKey(relation)} refers to ${tableKey(mapping.target)} and is owned by ${relation.owner}.`,
        {
          path: pathOf(mapping),
          object: tableKey(relation),
        },
      );
    }
  }
}

function owns(catalog: Catalog, relation: Relation): boolean {
  return relation.owned || catalog.server.isSuperuser;
}

/** A warning only: whether the role has BYPASSRLS is not in the catalog, and PostgreSQL refuses rather than hides. */
function checkRowSecurity(
  relation: Relation,
  catalog: Catalog,
  path: (string | number)[],
  problems: ProblemList,
): void {
  if (!relation.rowSecurity || catalog.server.isSuperuser || (relation.owned && !relation.forceRowSecurity)) return;
  const object = tableKey(relation);
  problems.warning('RP2022', `${object} has row security, and ${catalog.server.user} does not own it.`, {
    path,
    object,
  });
}

import type { Relation } from '../../contract/catalog';
import type { ResolvedPlan } from '../../contract/resolved-plan';
import { descends, sameTable } from '../mapping-work';
import { tableKey } from '../key/table-key';
import type { ProblemList } from '../problem-list';
import type { Catalogs } from '../catalogs';

/** Source tables that nothing in the plan reads. */
export function checkUnmappedTables(plan: ResolvedPlan, catalogs: Catalogs, problems: ProblemList): void {
  if (plan.unmappedSourceTables === 'ignore') return;
  const ignored = plan.ignoreSourceTables.map(patternOf);
  for (const source of Object.keys(plan.sources)) {
    const own = plan.mappings.filter((mapping) => mapping.source === source);
    const mapped = own.map((mapping) => mapping.from);
    const catalog = catalogs.sources[source];
    // read through its parent
    const inside = (relation: Relation): boolean =>
      catalog !== undefined && own.some((mapping) => !mapping.only && descends(catalog, relation, mapping.from));
    for (const relation of catalogs.sources[source]?.relations ?? []) {
      const table = relation.kind === 'table' || relation.kind === 'partitioned';
      if (!table || relation.partitionOf !== null || mapped.some((one) => sameTable(one, relation))) continue;
      if (inside(relation)) continue;
      const name = tableKey(relation);
      if (ignored.some((pattern) => pattern.test(name) || pattern.test(`${source}.${name}`))) continue;
      const object = { path: ['tables'], object: `${source}: ${name}` };
      if (plan.unmappedSourceTables === 'error')
        problems.error('RP2010', `Nothing reads ${name} of ${source}.`, object);
      else problems.warning('RP2010', `Nothing reads ${name} of ${source}.`, object);
    }
  }
}

function patternOf(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'su');
}

import type { FunctionCall, QualifiedName } from '../../contract/catalog';
import type { CheckAside } from '../../contract/compiled';
import type { ResolvedPlan } from '../../contract/resolved-plan';
import { findRelation, pathOf, sameTable } from '../mapping-work';
import type { ProblemList } from '../problem-list';
import { tableKey } from '../key/table-key';
import type { Catalogs } from '../catalogs';

/**
 * CHECKs of mapped tables that are set aside for the load, because what they say of a row may depend on rows that come later. What
 * cannot be set aside (domains, generated columns) is named.
 */
export function checksAside(plan: ResolvedPlan, catalogs: Catalogs, problems: ProblemList): CheckAside[] {
  const { target } = catalogs;
  return plan.mappings.flatMap((mapping) => {
    const tables = target.relations.filter(
      (one) => sameTable(one, mapping.target) || isBelow(catalogs, one, mapping.target),
    );
    const own = (call: FunctionCall): boolean =>
      tables.some((one) => sameTable(one, { schema: call.schema, name: call.relation }));
    for (const call of target.calls) {
      const relation = `${call.schema}.${call.relation}`;
      const where = { path: pathOf(mapping), object: `${relation}.${call.name}` };
      if (call.kind === 'check' && own(call))
        problems.warning(
          'RP2084',
          `CHECK ${call.name} of ${relation} calls ${call.function}, which may look at other rows: it is set aside for the load and validated at the end.`,
          where,
        );
      if (call.kind === 'generated' && own(call) && call.reads)
        problems.warning(
          'RP2085',
          `The generated column ${call.name} of ${relation} calls ${call.function}, which may read tables.`,
          where,
        );
      if (call.kind === 'domain' && call.reads && loadsDomain(catalogs, mapping.target, call))
        problems.warning(
          'RP2085',
          `CHECK ${call.name} of the domain ${relation} calls ${call.function}, which may read tables.`,
          where,
        );
    }
    return target.calls
      .filter((call) => call.kind === 'check' && own(call))
      .map((call) => ({
        mapping: mapping.name,
        relation: { schema: call.schema, name: call.relation },
        name: call.name,
        reads: call.reads,
        finding: `${mapping.name}.${call.name}.check`,
      }));
  });
}

function loadsDomain({ target }: Catalogs, table: QualifiedName, call: FunctionCall): boolean {
  const relation = findRelation(target, table);
  const formatted = new Set([tableKey({ schema: call.schema, name: call.relation }), call.relation]);
  return (
    relation?.columns.some(({ type }) => type.kind === 'domain' && formatted.has(type.name.replaceAll('"', ''))) ===
    true
  );
}

function isBelow(
  { target }: Catalogs,
  relation: { readonly partitionOf: QualifiedName | null },
  root: QualifiedName,
): boolean {
  for (let above = relation.partitionOf; above !== null; above = findRelation(target, above)?.partitionOf ?? null)
    if (sameTable(above, root)) return true;
  return false;
}

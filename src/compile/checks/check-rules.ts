import type { Relation } from '../../contract/catalog';
import type { ResolvedPlan } from '../../contract/resolved-plan';
import { findRelation, pathOf, sameTable } from '../mapping-work';
import type { ProblemList } from '../problem-list';
import { tableKey } from '../key/table-key';
import type { Catalogs } from '../catalogs';

/** Rules of the target that PostgreSQL itself does not vouch for: said before a run, since they come back as they were. */
export function checkRules(plan: ResolvedPlan, { target }: Catalogs, problems: ProblemList): void {
  for (const mapping of plan.mappings) {
    const into = findRelation(target, mapping.target);
    if (into === undefined) continue;
    const path = pathOf(mapping);
    const object = tableKey(into);
    for (const key of into.foreignKeys) {
      if (key.validated || mapping.validate === true) continue;
      problems.warning('RP2070', `Foreign key ${key.name} of ${object} is NOT VALID.`, { path, object });
    }
    for (const check of into.checks) {
      if (check.validated) continue;
      problems.warning('RP2071', `CHECK ${check.name} of ${object} is NOT VALID.`, { path, object });
    }
    for (const index of into.indexes) {
      if (index.valid) continue;
      problems.warning('RP2072', `Index ${index.name} of ${object} is not valid.`, { path, object });
    }
  }
  for (const relation of target.relations) checkReferer(plan, relation, problems);
}

/** Foreign keys of tables outside the plan come back as they were, whatever the plan says. */
function checkReferer(plan: ResolvedPlan, relation: Relation, problems: ProblemList): void {
  if (plan.mappings.some((mapping) => sameTable(mapping.target, relation))) return;
  const object = tableKey(relation);
  for (const key of relation.foreignKeys) {
    const mapping = plan.mappings.find((one) => sameTable(one.target, key.references));
    if (key.validated || mapping === undefined) continue;
    problems.warning('RP2070', `Foreign key ${key.name} of ${object}, a table outside the plan, is NOT VALID.`, {
      path: pathOf(mapping),
      object,
      fix: `Nothing, if it may stay so. Else ALTER TABLE ${object} VALIDATE CONSTRAINT … before the run.`,
    });
  }
}

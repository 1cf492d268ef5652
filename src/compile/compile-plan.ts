import type { Catalogs } from './catalogs';
import { compiledFormat, type CompiledMapping, type CompiledPlan } from '../contract/compiled';
import type { MappingPlan, ResolvedPlan } from '../contract/resolved-plan';
import { checkAccess, checkForeignReferers } from './checks/check-access';
import { checkCaptured, checkCapturedKey } from './checks/check-captured';
import { checksAside } from './checks/check-function-calls';
import { checkRelations } from './checks/check-relations';
import { checkRules } from './checks/check-rules';
import { checkServers } from './checks/check-servers';
import { checkUnmappedTables } from './checks/check-unmapped-tables';
import { compileMapping } from './compile-mapping';
import { compileSequences } from './compile-sequences';
import { findRelation } from './mapping-work';
import { withSourceTrials } from './trial/trial-rules';
import type { CheckedProblem, LocatePath } from './problem-list';
import { ProblemList } from './problem-list';

/**
 * A plan and both catalogs to what a run executes. `problems` is everything `rowproof check` reports; `compiled` is null as
 * soon as one of them is an error. `digest` is what `planDigest` gave; `locate` finds a path in the plan file.
 */
export function compilePlan(
  plan: ResolvedPlan,
  catalogs: Catalogs,
  engine: string,
  hash: { readonly sha256: (bytes: Uint8Array) => Uint8Array },
  digest: { readonly digest: string; readonly code: string },
  locate?: LocatePath,
): { compiled: CompiledPlan | null; problems: readonly CheckedProblem[] } {
  const problems = new ProblemList(locate);
  checkServers(plan, catalogs, problems);
  const mappings = plan.mappings.flatMap((mapping) => compileOne(plan, mapping, catalogs, hash, problems) ?? []);
  checkForeignReferers(plan, catalogs.target, problems);
  checkRules(plan, catalogs, problems);
  checkUnmappedTables(plan, catalogs, problems);
  const sequences = compileSequences(plan, catalogs, problems);
  const aside = checksAside(plan, catalogs, problems);
  const compiled: CompiledPlan | null = problems.failed
    ? null
    : {
        format: compiledFormat,
        plan,
        ...digest,
        engine,
        mappings: withSourceTrials(mappings, catalogs, hash.sha256),
        ...sequences,
        checksAside: aside,
      };
  return { compiled, problems: problems.problems };
}

function compileOne(
  plan: ResolvedPlan,
  mapping: MappingPlan,
  catalogs: Catalogs,
  hash: { readonly sha256: (bytes: Uint8Array) => Uint8Array },
  all: ProblemList,
): CompiledMapping | null {
  const problems = all.part();
  const source = catalogs.sources[mapping.source];
  if (!checkRelations(plan, mapping, source, catalogs.target, problems) || source === undefined) return null;
  const from = findRelation(source, mapping.from);
  const into = findRelation(catalogs.target, mapping.target);
  if (from === undefined || into === undefined) return null;
  const work = { plan, mapping, sources: catalogs.sources, source, target: catalogs.target, from, into, problems };
  checkAccess(work);
  checkCaptured(work);
  const compiled = compileMapping(work, hash.sha256);
  if (compiled !== null) checkCapturedKey(work, compiled);
  return compiled;
}

import type { ValidationActivities } from '../../contract/activity-types';
import type { Catalog, QualifiedName, Relation, Trigger } from '../../contract/catalog';
import type { CompiledMapping } from '../../contract/compiled';
import { mappingsOfRun } from '../../rollback/mappings-of-run';
import { readCatalog } from '../../postgres/catalog/read-catalog';
import { readStoredCatalog, replaceChecks, type CheckResult } from '../../postgres/ledger/run/check-result';
import {
  countFollowersOfPresent,
  countOrphans,
  foreignKeysOf,
  type LiveReference,
} from '../../postgres/queries/proof/reference';
import {
  countDeferredUnbooked,
  countDeferredWithoutHolder,
  countDeferredWithParent,
  uniquesOf,
} from '../../postgres/queries/proof/deferred';
import { countRepeats, countWhere } from '../../postgres/queries/proof/rule';
import { deferredMappings } from '../../postgres/ledger/quarantine/deferred';
import { readSteps } from '../../postgres/ledger/run/step';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { describeDatabaseError, isInsufficientPrivilege } from '../../postgres/sqlstate';
import { dotted, identifier, qualified } from '../../sql/quote';
import { brokenReference, nameOfReference } from '../../profile/broken-check';
import { agreeing, counted } from '../../report/counted';
import { parseRule } from '../../validate/rules/registry';
import { shapeProblems } from '../../validate/table-shape';
import { onTarget } from '../target-work';
import type { ProofHost } from './proof-host';
import { asApplication } from '../../postgres/application-path';
import { namedState } from '../../errors/sqlstate-names';

type Result = Omit<CheckResult, 'kind' | 'finding'>;

function outcome(results: readonly Result[]): { checked: number; broken: number } {
  return { checked: results.length, broken: results.filter((result) => result.broken > 0).length };
}

function isChildOf(mapping: CompiledMapping, reference: LiveReference): boolean {
  return reference.child.schema === mapping.target.schema && reference.child.name === mapping.target.name;
}

/** Idempotent: reads, then replaces the stored results. */
export function createProveReferences(host: ProofHost): ValidationActivities['proveReferences'] {
  return (ref) =>
    onTarget(host, ref, 'prove references', async ({ run, mappings, session, heartbeat }) => {
      const live = await foreignKeysOf(
        session,
        mappings.map((mapping) => mapping.target),
      );
      const deferred = await deferredMappings(
        session,
        run.run,
        mappings.map(({ name }) => name),
      );
      const before = await readStoredCatalog(session, run.run, 'target');
      const results: Result[] = [];
      for (const reference of live) {
        heartbeat();
        const orphans = reference.enforced ? await readableOrphans(session, mappings, reference) : null;
        // where rows break it, it cannot be valid: they are what is to be decided
        const unproved = (orphans ?? 0) === 0 && !reference.validated && wasValidated(before, reference) ? 1 : 0;
        const mapping = mappings.find((one) => isChildOf(one, reference)) ?? null;
        const parentIsThere =
          mapping !== null && deferred.includes(mapping.name)
            ? await countDeferredWithParent(session, run.run, mapping.name, reference)
            : await wronglyTaken(session, run, mapping, reference);
        // what the migration itself did wrong is not for anybody to accept
        const acceptable = unproved === 0 && (parentIsThere ?? 0) === 0;
        results.push({
          name: nameOfReference(reference),
          mapping: mapping?.name ?? null,
          broken: (orphans ?? 0) + unproved + (parentIsThere ?? 0),
          detail: { orphans, validated: reference.validated, parentIsThere },
          ...(acceptable
            ? { asks: brokenReference({ ...reference, rows: orphans ?? 0, outside: mapping === null }) }
            : {}),
        });
      }
      results.push(...absentReferences(mappings, live));
      await replaceChecks(session, run.run, 'reference', results);
      return outcome(results);
    });
}

/** One that was NOT VALID before may be so now: its orphans are counted all the same. */
function wasValidated(before: Catalog | null, { child, name }: LiveReference): boolean {
  const table = before?.relations.find((one) => one.schema === child.schema && one.name === child.name);
  return table?.foreignKeys.find((key) => key.name === name)?.validated ?? true;
}

/**
 * Rows in quarantine for want of a parent that the target holds; null where the quarantine does not keep the columns of the
 * reference (only those that others refer to and the target key), so that nothing can be said.
 */
async function wronglyTaken(
  session: Session,
  run: LoadedRun,
  mapping: CompiledMapping | null,
  reference: LiveReference,
): Promise<number | null> {
  if (mapping === null || !reference.columns.every((column) => mapping.referencedColumns.includes(column))) return null;
  return countFollowersOfPresent(session, run.run, mapping.name, reference);
}

/** Orphans of a reference; null for a table outside the plan that this role may not read: there the server's word counts. */
async function readableOrphans(
  session: Session,
  mappings: readonly CompiledMapping[],
  reference: LiveReference,
): Promise<number | null> {
  try {
    return await countOrphans(session, reference);
  } catch (error) {
    const outside = !mappings.some((mapping) => isChildOf(mapping, reference));
    if (outside && isInsufficientPrivilege(error)) return null;
    throw error;
  }
}

/** Foreign keys that the plan was compiled against and that are not there any more. */
function absentReferences(mappings: readonly CompiledMapping[], live: readonly LiveReference[]): Result[] {
  return mappings.flatMap((mapping) =>
    mapping.references
      .filter((wanted) => !live.some((one) => isChildOf(mapping, one) && one.name === wanted.constraint))
      .map((wanted) => ({
        name: `${mapping.target.schema}.${mapping.target.name}.${wanted.constraint}`,
        mapping: mapping.name,
        broken: 1,
        detail: { absent: true },
      })),
  );
}

async function planRules(session: Session, mapping: CompiledMapping, heartbeat: () => void): Promise<Result[]> {
  const results: Result[] = [];
  for (const [column, specs] of Object.entries(mapping.rules)) {
    for (const spec of specs) {
      heartbeat();
      const name = `${mapping.name}.${column}.${spec.name}`;
      const parsed = parseRule(spec);
      if ('problem' in parsed) {
        results.push({ name, mapping: mapping.name, broken: 1, detail: { problem: parsed.problem } });
        continue;
      }
      const { rule, args } = parsed;
      try {
        const broken =
          rule.broken === null
            ? await countRepeats(session, mapping.target, column)
            : await countWhere(session, mapping.target, rule.broken(identifier(column), args));
        const rows = `${counted(broken, 'row')} of ${dotted(mapping.target)} ${agreeing(broken, 'breaks', 'break')}`;
        const asks = `${rows} the rule ${spec.name} that the plan has for ${column}.`;
        results.push({ name, mapping: mapping.name, broken, detail: {}, asks });
      } catch (error) {
        const { sqlstate, isRetryable } = describeDatabaseError(error);
        if (sqlstate === null || isRetryable) throw error;
        // a rule that does not fit its column is broken, and does not keep the others from being checked
        results.push({
          name,
          mapping: mapping.name,
          broken: 1,
          detail: { problem: `cannot be tried: ${namedState(sqlstate)}` },
        });
      }
    }
  }
  return results;
}

/** Rows that wait because of others: each is in quarantine, and each duplicate has a row in the target that keeps it out. */
async function deferredRules(session: Session, run: LoadedRun, mapping: CompiledMapping): Promise<Result[]> {
  const table = `${mapping.target.schema}.${mapping.target.name}`;
  const unbooked = await countDeferredUnbooked(session, run.run, mapping.name);
  const results: Result[] = [
    { name: `${table} (deferred rows)`, mapping: mapping.name, broken: unbooked, detail: { unbooked } },
  ];
  for (const unique of await uniquesOf(session, mapping.target)) {
    const holderIsGone = await asApplication(session, () =>
      countDeferredWithoutHolder(session, run.run, mapping.name, mapping.target, unique),
    );
    const name = `${table}.${unique.name} (deferred rows)`;
    results.push({ name, mapping: mapping.name, broken: holderIsGone, detail: { holderIsGone } });
  }
  return results;
}

/** Names of the triggers of a table that are set aside for as long as rounds write. */
async function triggersAside(session: Session, run: LoadedRun, target: QualifiedName): Promise<ReadonlySet<string>> {
  const steps = (await readSteps(session, run.run, 'triggers')).filter(({ state }) => state === 'done');
  return new Set(
    steps
      .flatMap(({ detail }) => detail.triggers)
      .filter(({ relation, action }) => action === 'disable' && qualified(relation) === qualified(target))
      .map(({ name }) => name),
  );
}

const asSetAside =
  (aside: ReadonlySet<string>) =>
  (trigger: Trigger): Trigger =>
    aside.has(trigger.name) ? { ...trigger, enabled: 'D' } : trigger;

/** The target's own rules: there as before the run, and valid; every CHECK is tried once more by its expression. */
async function ownRules(
  session: Session,
  run: LoadedRun,
  mapping: CompiledMapping,
  now: Relation | undefined,
  aside: ReadonlySet<string>,
): Promise<Result[]> {
  const table = `${mapping.target.schema}.${mapping.target.name}`;
  if (now === undefined)
    return [{ name: table, mapping: mapping.name, broken: 1, detail: { problem: 'table is missing' } }];
  const stored = await readStoredCatalog(session, run.run, 'target');
  const before = stored?.relations.find((one) => one.schema === now.schema && one.name === now.name) ?? now;
  const problems = shapeProblems({ ...before, triggers: before.triggers.map(asSetAside(aside)) }, now).map(
    ({ name, problem }) => ({
      name: `${table}.${name}`,
      mapping: mapping.name,
      broken: 1,
      detail: { problem },
      asks: `${table}.${name} is not as it was before the run: ${problem}.`,
    }),
  );
  return [...problems, { name: table, mapping: mapping.name, broken: 0, detail: { indexes: now.indexes.length } }];
}

/** Idempotent: reads, then replaces the stored results. */
export function createCheckRules(host: ProofHost): ValidationActivities['checkRules'] {
  return (ref) =>
    onTarget(host, ref, 'check rules', async ({ run, session, heartbeat }) => {
      const mappings = mappingsOfRun(run.compiled, run.options);
      const catalog = await readCatalog(session);
      const rules: Result[] = [];
      const constraints: Result[] = [];
      const deferred = await deferredMappings(
        session,
        run.run,
        mappings.map((mapping) => mapping.name),
      );
      for (const mapping of mappings) {
        heartbeat();
        if (deferred.includes(mapping.name)) constraints.push(...(await deferredRules(session, run, mapping)));
        const { schema, name } = mapping.target;
        const now = catalog.relations.find((relation) => relation.schema === schema && relation.name === name);
        const aside = await triggersAside(session, run, mapping.target);
        rules.push(...(await planRules(session, mapping, heartbeat)));
        constraints.push(...(await ownRules(session, run, mapping, now, aside)));
      }
      await replaceChecks(session, run.run, 'rule', rules);
      await replaceChecks(session, run.run, 'constraint', constraints);
      return outcome([...rules, ...constraints]);
    });
}

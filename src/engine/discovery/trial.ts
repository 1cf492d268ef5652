import type { CheckSpec, CompiledMapping, CompiledPlan, ReferenceSpec, UniqueSpec } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { asApplication } from '../../postgres/application-path';
import { replaceFindings } from '../../postgres/ledger/decision/finding';
import { mappingsWithoutFindings } from '../../postgres/ledger/decision/profile';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { tryStatement } from '../../postgres/queries/discovery/discovery';
import { readTriggerFacts, tablesWithTriggers } from '../../postgres/queries/schema-change/trigger-facts';
import { readViewsLeft } from '../../postgres/queries/schema-change/view-dependencies';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import {
  asideFinding,
  droppedFinding,
  sequenceFinding,
  triggerFinding,
  untriedFinding,
  viewFinding,
  type Finding,
} from '../../profile/finding';
import { duplicateKeysSql, trialCountsSql, tryCheckSql, tryReferenceSql, tryUniqueSql } from '../../profile/trial-sql';
import { canFire, columnsWritten } from '../../profile/trigger-effect';
import type { Host } from '../host';
import { patternOf } from '../run/pattern-of';
import { withSessions } from '../session-scope';
import { referredFromOutside, tryOutsideReferences } from './outside';
import { countTaken } from './taken';
import { TrialRows } from './trial-rows';

/**
 * Tries the target's CHECKs, unique keys and foreign keys on the transformed source rows; in the order in which the load would meet them,
 * so that counts agree. A rule that a constraint of the source holds, or that the source finds no row to break, is not tried; for the others
 * the rows are sent to temporary tables of one target session that leave nothing behind.
 */
export function tryTargetRules(host: Host, ref: RunRef): Promise<{ findings: number }> {
  return withSessions(host, ref, 'rules of the target', async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    const { mappings } = run.compiled;
    const whole = run.options.sample === undefined ? await mappingsWithoutFindings(ledger, ref.run) : new Set<string>();
    const findings = await TrialRows.within(scope, run, ledger, async (rows) => {
      const outside = await referredFromOutside(ledger, mappings);
      const uniques = await bringForOwnRules(rows, run, outside);
      const own: Finding[] = [];
      for (const position of rows.positions)
        own.push(...(await countDuplicateKeys(ledger, mappings[position] as CompiledMapping, position)));
      for (const [position, mapping] of mappings.entries())
        own.push(...(await tryOwnRules(rows, mapping, position, uniques, blindChecks(run.compiled, mapping))));
      own.push(...(await tryReferences(rows, mappings, whole)));
      for (const position of rows.positions)
        own.push(...(await countTaken(ledger, mappings[position] as CompiledMapping, position)));
      return [...own, ...(await tryOutsideReferences(ledger, mappings, rows.positions))];
    });

    const followed = patternOf(run) === 'hybrid';
    const targets = mappings.map(({ target }) => target);
    const hasTriggers = await tablesWithTriggers(ledger, targets);
    for (const mapping of mappings.filter(({ target }) => hasTriggers(target))) {
      const loaded = mapping.columns.map(({ target }) => target);
      for (const trigger of await readTriggerFacts(ledger, mapping.target)) {
        if (canFire(trigger, loaded, followed))
          findings.push(triggerFinding(mapping.name, trigger.name, columnsWritten(trigger, loaded)));
      }
    }
    findings.push(...run.compiled.sequencesLeft.map(sequenceFinding));
    for (const { view, why } of await readViewsLeft(ledger, mappings))
      findings.push(viewFinding(`${view.schema}.${view.name}`, why));
    await inTransaction(ledger, 'read write', () => replaceFindings(ledger, ref.run, 'rules', null, findings));
    return { findings: findings.length };
  });
}

/** Brings the rows of mappings with rules that have to be tried on the target; the unique keys among those. */
async function bringForOwnRules(
  rows: TrialRows,
  run: LoadedRun,
  outside: ReadonlySet<number>,
): Promise<ReadonlySet<UniqueSpec>> {
  const open = new Set<UniqueSpec>();
  for (const [position, mapping] of run.compiled.mappings.entries()) {
    const blind = blindChecks(run.compiled, mapping);
    for (const unique of mapping.uniques) {
      if (!unique.columns.every((column) => mapping.trialColumns.includes(column)) || unique.already === true) continue;
      if (unique.onSource === undefined || !(await rows.givesNone(mapping, unique.onSource))) open.add(unique);
    }
    const evaluated = mapping.columns.some(
      ({ target, trial }) => trial !== undefined && mapping.trialColumns.includes(target),
    );
    const tried = evaluated || mapping.checks.some((check) => isTried(mapping, check, blind));
    if (tried || outside.has(position) || mapping.uniques.some((unique) => open.has(unique)))
      await rows.bring(position);
  }
  return open;
}

async function countDuplicateKeys(trial: Session, mapping: CompiledMapping, position: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { column, sql } of duplicateKeysSql(mapping, position)) {
    let rows = 0;
    for (const statement of sql) rows = Number((await readRows(trial, statement))[0]?.[0] ?? 0);
    if (rows > 0) findings.push(droppedFinding(mapping.name, column, 'duplicate_keys', rows));
  }
  return findings;
}

/** CHECKs that may read tables: those of the target are still empty. */
function blindChecks({ checksAside }: CompiledPlan, mapping: CompiledMapping): ReadonlySet<string> {
  return new Set(checksAside.flatMap((one) => (one.mapping === mapping.name && one.reads ? [one.name] : [])));
}

/** Rows that break a CHECK which the source evaluates are rejected already. */
function isTried(mapping: CompiledMapping, check: CheckSpec, blind: ReadonlySet<string>): boolean {
  return (
    !blind.has(check.name) &&
    check.reason === null &&
    check.columns.every((column) => mapping.trialColumns.includes(column))
  );
}

async function tryOwnRules(
  { target }: TrialRows,
  mapping: CompiledMapping,
  position: number,
  uniques: ReadonlySet<UniqueSpec>,
  blind: ReadonlySet<string>,
): Promise<Finding[]> {
  const untried: Finding[] = [];
  for (const check of mapping.checks) {
    if (blind.has(check.name)) untried.push(asideFinding(mapping.name, check.name));
    if (!isTried(mapping, check, blind)) continue;
    if ((await asApplication(target, () => tryStatement(target, tryCheckSql(mapping, position, check)))) === null)
      untried.push(untriedFinding(mapping.name, check.name));
  }
  for (const unique of mapping.uniques) {
    if (!uniques.has(unique)) continue;
    if ((await asApplication(target, () => tryStatement(target, tryUniqueSql(mapping, position, unique)))) === null)
      untried.push(untriedFinding(mapping.name, unique.name));
  }
  return untried;
}

/**
 * Foreign keys until nothing changes: a row that goes takes its children with it, through any depth. A key that holds for the rows of the
 * source is tried only where its parent has lost some.
 */
async function tryReferences(
  rows: TrialRows,
  mappings: readonly CompiledMapping[],
  whole: ReadonlySet<string>,
): Promise<Finding[]> {
  const lost = new Set<number>();
  for (const position of rows.positions) if (await anyTaken(rows.target, position)) lost.add(position);
  const open = new Set<ReferenceSpec>();
  for (const mapping of mappings) {
    for (const reference of mapping.references) {
      const { parentMapping, already, onSource } = reference;
      if (already === true && parentMapping !== null && whole.has(parentMapping)) continue;
      if (onSource === undefined || !(await rows.givesNone(mapping, onSource))) open.add(reference);
    }
  }
  const untried = new Map<string, Finding>();
  for (let changed = true; changed;) {
    changed = false;
    for (const [position, mapping] of mappings.entries()) {
      for (const reference of mapping.references) {
        const at = mappings.findIndex((known) => known.name === reference.parentMapping);
        if (!open.has(reference) && !lost.has(at)) continue;
        await rows.bring(position);
        if (at !== -1) await rows.bring(at);
        const parent = at === -1 ? null : { mapping: mappings[at] as CompiledMapping, position: at };
        const taken = await tryStatement(rows.target, tryReferenceSql(mapping, position, reference, parent));
        if (taken === null) untried.set(reference.finding, untriedFinding(mapping.name, reference.constraint));
        if (taken === null || taken === 0) continue;
        lost.add(position);
        changed = true;
      }
    }
  }
  return [...untried.values()];
}

async function anyTaken(trial: Session, position: number): Promise<boolean> {
  return (await readRows(trial, trialCountsSql(position))).length > 0;
}

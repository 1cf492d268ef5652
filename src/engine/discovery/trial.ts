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
import {
  duplicateKeysSql,
  lostValuesSql,
  trialCountsSql,
  tryCheckSql,
  tryReferenceSql,
  tryUniqueSql,
} from '../../profile/trial-sql';
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
      const references = await openReferences(rows, mappings, whole);
      const parents = [...references.keys()].map((one) => mappings.findIndex(({ name }) => name === one.parentMapping));
      const outside = await referredFromOutside(ledger, mappings);
      const uniques = await bringForOwnRules(rows, run, new Set([...parents, ...outside]));
      const own: Finding[] = [];
      for (const position of rows.positions)
        own.push(...(await countDuplicateKeys(ledger, mappings[position] as CompiledMapping, position)));
      for (const [position, mapping] of mappings.entries())
        own.push(...(await tryOwnRules(rows, mapping, position, uniques, blindChecks(run.compiled, mapping))));
      own.push(...(await tryReferences(rows, mappings, references)));
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

/**
 * Brings the rows of mappings with rules that have to be tried on the target: all of them, or those that share a unique key. The unique
 * keys among those rules.
 */
async function bringForOwnRules(
  rows: TrialRows,
  run: LoadedRun,
  referred: ReadonlySet<number>,
): Promise<ReadonlySet<UniqueSpec>> {
  const open = new Set<UniqueSpec>();
  for (const [position, mapping] of run.compiled.mappings.entries()) {
    const blind = blindChecks(run.compiled, mapping);
    const alike: (readonly string[] | null)[] = [];
    for (const unique of mapping.uniques) {
      if (!unique.columns.every((column) => mapping.trialColumns.includes(column)) || unique.already === true) continue;
      const keys = unique.onSource === undefined ? null : await rows.listKeys(mapping, unique.onSource);
      if (keys?.length === 0) continue;
      open.add(unique);
      alike.push(keys);
    }
    const evaluated = mapping.columns.some(
      ({ target, trial }) => trial !== undefined && mapping.trialColumns.includes(target),
    );
    const whole = evaluated || referred.has(position) || mapping.checks.some((check) => isTried(mapping, check, blind));
    if (whole) await rows.bring(position, null);
    else if (alike.length > 0)
      await rows.bring(position, alike.includes(null) ? null : alike.flatMap((keys) => keys ?? []));
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

/** Foreign keys that rows of the source break, with the keys of those rows (null: not listed), or that only the target can try. */
async function openReferences(
  rows: TrialRows,
  mappings: readonly CompiledMapping[],
  whole: ReadonlySet<string>,
): Promise<Map<ReferenceSpec, readonly string[] | null>> {
  const open = new Map<ReferenceSpec, readonly string[] | null>();
  for (const mapping of mappings) {
    for (const reference of mapping.references) {
      const { parentMapping, already, onSource } = reference;
      // which children a parent with a reason leaves behind shows where all of them are
      const wholeParent = parentMapping !== null && whole.has(parentMapping);
      if (already === true && wholeParent) continue;
      const keys = onSource === undefined || !wholeParent ? null : await rows.listKeys(mapping, onSource);
      if (keys?.length !== 0) open.set(reference, keys);
    }
  }
  return open;
}

/**
 * Foreign keys until nothing changes: a row that goes takes its children with it, through any depth. A key that is not open is tried only
 * where its parent has lost rows, on the children of those.
 */
async function tryReferences(
  rows: TrialRows,
  mappings: readonly CompiledMapping[],
  open: ReadonlyMap<ReferenceSpec, readonly string[] | null>,
): Promise<Finding[]> {
  const lost = new Set<number>();
  for (const position of rows.positions) if (await anyTaken(rows.target, position)) lost.add(position);
  const untried = new Map<string, Finding>();
  for (let changed = true; changed;) {
    changed = false;
    for (const [position, mapping] of mappings.entries()) {
      for (const reference of mapping.references) {
        const at = mappings.findIndex((known) => known.name === reference.parentMapping);
        if (!open.has(reference) && !lost.has(at)) continue;
        const parent = at === -1 ? null : { mapping: mappings[at] as CompiledMapping, position: at };
        if (open.has(reference)) await rows.bring(position, open.get(reference) ?? null);
        if (parent !== null && lost.has(at)) await bringChildren(rows, mapping, position, reference, parent);
        const known = parent === null ? null : { ...parent, whole: rows.isWhole(at) };
        const taken = await tryStatement(rows.target, tryReferenceSql(mapping, position, reference, known));
        if (taken === null) untried.set(reference.finding, untriedFinding(mapping.name, reference.constraint));
        if (taken === null || taken === 0) continue;
        lost.add(position);
        changed = true;
      }
    }
  }
  return [...untried.values()];
}

/** Brings the rows that refer to what rules have taken from the parent. */
async function bringChildren(
  rows: TrialRows,
  mapping: CompiledMapping,
  position: number,
  { children, parentColumns }: ReferenceSpec,
  parent: { readonly mapping: CompiledMapping; readonly position: number },
): Promise<void> {
  if (rows.isWhole(position)) return;
  const known = parentColumns.every((column) => parent.mapping.trialColumns.includes(column));
  if (children === undefined || !known) {
    await rows.bring(position, null);
    return;
  }
  const [answer] = await readRows(rows.target, lostValuesSql(parent.mapping, parent.position, parentColumns));
  await rows.bring(position, await rows.listKeys(mapping, children, [answer?.[0] ?? '[]']));
}

async function anyTaken(trial: Session, position: number): Promise<boolean> {
  return (await readRows(trial, trialCountsSql(position))).length > 0;
}

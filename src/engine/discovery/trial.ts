import type { CompiledMapping, CompiledPlan } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { replaceFindings } from '../../postgres/ledger/decision/finding';
import { relayCopy } from '../../postgres/copy-stream';
import { analyzeTemporary, tryStatement } from '../../postgres/queries/discovery/discovery';
import { readTriggerFacts } from '../../postgres/queries/schema-change/trigger-facts';
import { currentSnapshot } from '../../postgres/queries/copy/transaction';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { readViewsLeft } from '../../postgres/queries/schema-change/view-dependencies';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import {
  asideFinding,
  checkFinding,
  droppedFinding,
  followerFinding,
  refusedFinding,
  orphanFinding,
  sequenceFinding,
  triggerFinding,
  uniqueFinding,
  untriedFinding,
  viewFinding,
  type Finding,
} from '../../profile/finding';
import { computeAllSql, mayRaise } from '../../profile/raising';
import {
  createTrialSql,
  duplicateKeysSql,
  evaluatedRule,
  evaluateSql,
  trialCountsSql,
  trialInto,
  trialTable,
  tryCheckSql,
  tryReferenceSql,
  tryUniqueSql,
} from '../../profile/trial-sql';
import { refusalKind } from '../../transform/value-trial';
import { canFire, columnsWritten } from '../../profile/trigger-effect';
import { nothingRaises, rowsThatRaise } from './raising';
import { tryOutsideReferences } from './outside';
import { type Host } from '../host';
import { asApplication } from '../../postgres/application-path';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { patternOf } from '../run/pattern-of';
import { sourceStatement } from '../run/source-statement';
import { withSessions } from '../session-scope';

/**
 * Tries the target's CHECKs, unique keys and foreign keys on the transformed source rows, in temporary tables of one
 * target session that leave nothing behind; in the order in which the load would meet them, so that counts agree.
 */
export function tryTargetRules(host: Host, ref: RunRef): Promise<{ findings: number }> {
  return withSessions(host, ref, 'rules of the target', async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    const { mappings } = run.compiled;
    const trial = await scope.openLedger();
    const findings: Finding[] = [];
    await trial.query('begin');
    // one snapshot a source for all its tables: a row that came after its parent's table was read would look like an orphan
    const sources = new Map<string, Session>();
    for (const name of new Set(mappings.map((mapping) => mapping.source)))
      sources.set(name, await scope.openSource(run, name));
    await inSnapshots([...sources.values()], async () => {
      for (const [position, mapping] of mappings.entries()) {
        const source = sources.get(mapping.source) as Session;
        const reading = `reading ${dotted(mapping.from)} for the trial of the target's rules`;
        await during(reading, async () => {
          await trial.query(createTrialSql(mapping, position));
          const rows = (except: readonly string[]): string =>
            sourceStatement(run, mapping, mapping.statements.trial, { except });
          const raises =
            mayRaise(mapping) &&
            'failed' in (await inSavepoint(source, () => readRows(source, computeAllSql(rows([])))));
          const { keys } = raises ? await rowsThatRaise(source, trial, run, mapping) : nothingRaises;
          const { signal } = scope;
          await relayCopy({
            source,
            select: rows(keys),
            target: trial,
            into: trialInto(mapping, position),
            format: 'text',
            ...(signal === undefined ? {} : { signal }),
          });
          for (const sql of evaluateSql(mapping, position)) await asApplication(trial, () => trial.query(sql));
          await analyzeTemporary(trial, trialTable(position));
        });
      }
    });
    for (const source of sources.values()) await source.close();
    for (const [position, mapping] of mappings.entries())
      findings.push(...(await countDuplicateKeys(trial, mapping, position)));
    for (const [position, mapping] of mappings.entries())
      findings.push(...(await tryOwnRules(trial, mapping, position, blindChecks(run.compiled, mapping))));
    findings.push(...(await tryReferences(trial, mappings)));
    for (const [position, mapping] of mappings.entries())
      findings.push(...(await countTaken(trial, mapping, position)));
    findings.push(...(await tryOutsideReferences(trial, mappings)));
    await trial.query('rollback');

    const followed = patternOf(run) === 'hybrid';
    for (const mapping of mappings) {
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

/** Work inside a read-only snapshot of each session, all taken before it begins. */
async function inSnapshots(sessions: readonly Session[], work: () => Promise<void>): Promise<void> {
  const [first, ...rest] = sessions;
  if (first === undefined) return work();
  await inTransaction(first, 'repeatable read read only', async () => {
    await currentSnapshot(first);
    await inSnapshots(rest, work);
  });
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

async function tryOwnRules(
  trial: Session,
  mapping: CompiledMapping,
  position: number,
  blind: ReadonlySet<string>,
): Promise<Finding[]> {
  const untried: Finding[] = [];
  for (const check of mapping.checks) {
    if (blind.has(check.name)) {
      untried.push(asideFinding(mapping.name, check.name));
      continue;
    }
    // rows that break one which the source evaluates are rejected already
    if (check.reason !== null || !check.columns.every((column) => mapping.trialColumns.includes(column))) continue;
    if ((await asApplication(trial, () => tryStatement(trial, tryCheckSql(mapping, position, check)))) === null)
      untried.push(untriedFinding(mapping.name, check.name));
  }
  for (const unique of mapping.uniques) {
    if (!unique.columns.every((column) => mapping.trialColumns.includes(column))) continue;
    if ((await asApplication(trial, () => tryStatement(trial, tryUniqueSql(mapping, position, unique)))) === null)
      untried.push(untriedFinding(mapping.name, unique.name));
  }
  return untried;
}

/** Foreign keys until nothing changes: a row that goes takes its children with it, through any depth. */
async function tryReferences(trial: Session, mappings: readonly CompiledMapping[]): Promise<Finding[]> {
  const untried = new Map<string, Finding>();
  for (let changed = true; changed;) {
    changed = false;
    for (const [position, mapping] of mappings.entries()) {
      for (const reference of mapping.references) {
        const at = mappings.findIndex((known) => known.name === reference.parentMapping);
        const parent = at === -1 ? null : { mapping: mappings[at] as CompiledMapping, position: at };
        const rows = await tryStatement(trial, tryReferenceSql(mapping, position, reference, parent));
        if (rows === null) untried.set(reference.finding, untriedFinding(mapping.name, reference.constraint));
        changed ||= rows !== null && rows > 0;
      }
    }
  }
  return [...untried.values()];
}

async function countTaken(trial: Session, mapping: CompiledMapping, position: number): Promise<Finding[]> {
  const rows = await readRows(trial, trialCountsSql(position));
  return [...refusedValues(mapping, rows), ...takenByRules(mapping, rows)];
}

type TakenRows = readonly (readonly (string | null)[])[];

/** One finding a column and kind: a value may be refused under several constraints or codes that mean the same. */
function refusedValues(mapping: CompiledMapping, rows: TakenRows): Finding[] {
  const counts = new Map<string, { column: string; kind: string; rows: number }>();
  for (const [taken, rule, count] of rows) {
    if (taken !== 'cast' || rule == null) continue;
    const { column, trial, refusal } = evaluatedRule(mapping, rule);
    const kind = refusalKind(trial, refusal);
    // a CHECK of the table has a finding of its own, as in the copy; one of a domain is named by the column
    const check = mapping.checks.find(({ name, ofDomain }) => !ofDomain && name === refusal.constraint);
    const id = check?.finding ?? `${mapping.name}.${column}.${kind}`;
    counts.set(id, { column, kind, rows: (counts.get(id)?.rows ?? 0) + Number(count) });
  }
  return [...counts].map(([id, { column, kind, rows: number }]) =>
    refusedFinding(id, mapping.name, column, kind, number),
  );
}

function takenByRules(mapping: CompiledMapping, rows: TakenRows): Finding[] {
  return rows.flatMap(([taken, rule, count]) => {
    const number = Number(count);
    const check = mapping.checks.find((known) => known.finding === rule);
    if (taken === 'check' && check !== undefined) return [checkFinding(check, mapping.name, number)];
    const unique = mapping.uniques.find((known) => known.finding === rule);
    if (taken === 'unique' && unique !== undefined) return [uniqueFinding(unique, mapping.name, number)];
    const reference = mapping.references.find((known) => known.finding === rule);
    if (reference === undefined || taken == null || taken === 'cast') return [];
    const parent = reference.parentMapping ?? reference.parent.name;
    if (taken === 'orphan') return [orphanFinding(reference, mapping.name, parent, number)];
    const column = reference.columns.join('+');
    return [followerFinding(`${mapping.name}.${column}.${taken}`, mapping.name, column, taken, number)];
  });
}

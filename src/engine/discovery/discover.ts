import type { DiscoveryActivities } from '../../contract/activity-types';
import { droppedParts } from '../../compile/statements/dropped-parts';
import type { CompiledMapping } from '../../contract/compiled';
import type { DecideMessage, RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { appendCommand, appendEvent } from '../../postgres/ledger/run/event';
import { knownDecisions, storeDecisions } from '../../postgres/ledger/decision/decision';
import { readFindings, replaceFindings } from '../../postgres/ledger/decision/finding';
import { storeCatalog, storeProfile } from '../../postgres/ledger/decision/profile';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { readCatalog } from '../../postgres/catalog/read-catalog';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { readRows } from '../../postgres/read-rows';
import { inTransaction } from '../../postgres/transaction';
import { catalogDrift } from '../../profile/catalog-drift';
import { columnStatisticsSql, readColumnStatistics } from '../../profile/column-statistics';
import {
  checkFinding,
  droppedFinding,
  onceEach,
  reasonFinding,
  scopeFinding,
  type Finding,
} from '../../profile/finding';
import { computeAllSql, mayRaise } from '../../profile/raising';
import { overLimit, undecided, type KnownDecision } from '../../profile/undecided';
import { limitsOf, openFindings } from '../run/open-findings';
import { nothingRaises, rowsThatRaise } from './raising';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { counted } from '../../report/counted';
import { figure } from '../../report/format';
import { mappingOf, type Host } from '../host';
import { withSessions } from '../session-scope';
import { sourceStatement } from '../run/source-statement';

/** What a decision lacks that would leave the run where it is; null when it stands. */
async function missingOf(
  run: LoadedRun,
  ledger: Session,
  message: DecideMessage,
  findingIds: readonly string[],
): Promise<string | null> {
  if (message.expect !== undefined || message.do === 'stop') return null;
  const findings = await readFindings(ledger, run.run);
  const given = findingIds.map((finding): KnownDecision => ({
    finding,
    action: message.do,
    expect: null,
    origin: 'operator',
  }));
  const decisions = [...given, ...(await knownDecisions(ledger, run.run, run.compiled.plan.decisions))];
  const limits = await limitsOf(ledger, run);
  const over = overLimit(findings, decisions, limits, undecided(findings, decisions));
  const own = over.filter(({ id }) => findingIds.includes(id));
  return own.length === 0 ? null : own.map(({ id, sentence, because }) => `${id}: ${sentence} ${because}`).join(' ');
}

type Numbers = readonly (string | null)[];

/** Reads the catalogs of both sides and refuses what the run was not compiled for. Replaces what an earlier attempt stored. */
export function recordCatalogs(host: Host, ref: RunRef): ReturnType<DiscoveryActivities['recordCatalogs']> {
  return withSessions(host, ref, 'catalogs', async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    const target = await during('reading the catalog', () => readCatalog(ledger));
    const drift = [...catalogDrift(run.compiled.mappings, 'target', target)];
    await storeCatalog(ledger, ref.run, 'target', target);
    let relations = target.relations.length;
    for (const name of Object.keys(run.compiled.plan.sources)) {
      const source = await scope.openSource(run, name);
      const catalog = await during('reading the catalog', () => readCatalog(source));
      relations += catalog.relations.length;
      drift.push(...catalogDrift(run.compiled.mappings, name, catalog));
      await storeCatalog(ledger, ref.run, `source:${name}`, catalog);
    }
    if (drift.length > 0)
      throw fail('RP4301', `The catalog is not what ${ref.run} was compiled for: ${drift.slice(0, 5).join('; ')}.`);
    return { relations };
  });
}

/** Exact counts, statistics and the findings of one mapping, in one snapshot. Replaces what an earlier attempt stored. */
export function profileMapping(
  host: Host,
  ref: RunRef,
  name: string,
): ReturnType<DiscoveryActivities['profileMapping']> {
  return withSessions(host, ref, `profile ${name}`, async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    const mapping = mappingOf(run, name);
    const source = await scope.openSource(run, mapping.source);
    const reading = `reading ${dotted(mapping.from)} for discovery of ${name}`;
    const facts = await during(reading, () =>
      inTransaction(source, 'repeatable read read only', async () => {
        const bound = (sql: string, except: readonly string[] = []): string =>
          sourceStatement(run, mapping, sql, { except });
        await refuseUnsendableKeys(source, name, bound(mapping.statements.unsendableKeys));
        const [keys] = mapping.keyProven ? [] : await readRows(source, bound(mapping.statements.keyCheck));
        const tried = async (except: readonly string[]): Promise<{ counts: Numbers; reasons: Numbers[] }> => ({
          counts: (await readRows(source, bound(mapping.statements.counts, except)))[0] ?? [],
          reasons: await readRows(source, bound(mapping.statements.reasonCounts, except)),
        });
        const first = await inSavepoint(source, async () => {
          if (mayRaise(mapping)) {
            const all = sourceStatement(run, mapping, mapping.statements.expected, { large: '' });
            await readRows(source, computeAllSql(all));
          }
          return tried([]);
        });
        const raising = 'failed' in first ? await rowsThatRaise(source, ledger, run, mapping) : nothingRaises;
        const { counts, reasons } = 'value' in first ? first.value : await tried(raising.keys);
        const statistics = columnStatisticsSql(mapping);
        const [answer] = await readRows(source, bound(statistics.sql));
        return {
          keys: keys ?? [],
          counts,
          reasons,
          raising,
          dropped: await countDropped(source, mapping, bound),
          columns: readColumnStatistics(statistics.columns, answer ?? []),
        };
      }),
    );
    const [nullKeys = 0, repeated = 0] = facts.keys.map(Number);
    if (nullKeys + repeated > 0) {
      throw fail(
        'RP4302',
        `The source key of ${name} (${mapping.key.map((column) => column.name).join(', ')}) is NULL in ${counted(nullKeys, 'row')} and repeated in ${figure(repeated)}.`,
      );
    }
    const ofReason = (index: string | null | undefined) =>
      mapping.reasons.find((known) => known.index === Number(index));
    const findings = onceEach(
      facts.reasons.flatMap(([index, rows]) => {
        const reason = ofReason(index);
        const check = mapping.checks.find((known) => known.reason === reason?.index);
        if (reason === undefined) return [];
        return [
          check === undefined ? reasonFinding(reason, name, Number(rows)) : checkFinding(check, name, Number(rows)),
        ];
      }),
    );
    // as on the target, CHECKs are rules that a row breaks which has no reason of its own
    const broken = facts.reasons.reduce(
      (sum, [index, rows]) => sum + (ofReason(index)?.check === undefined ? 0 : Number(rows)),
      0,
    );
    const [computed = 0, outOfScope = 0, scopeUnknown = 0, foreseen = 0] = facts.counts.map(Number);
    const [total, rejected] = [computed, foreseen - broken].map((rows) => rows + facts.raising.keys.length) as [
      number,
      number,
    ];
    findings.push(...facts.raising.findings, ...facts.dropped);
    if (scopeUnknown > 0) findings.push(scopeFinding(name, scopeUnknown));
    await inTransaction(ledger, 'read write', async () => {
      await storeProfile(ledger, ref.run, name, {
        total,
        outOfScope,
        scopeUnknown,
        rejected,
        columns: facts.columns,
      });
      await replaceFindings(ledger, ref.run, 'profile', name, findings);
    });
    return { rows: total, findings: findings.length };
  });
}

/** What waits for a decision. */
export function undecidedFindings(host: Host, ref: RunRef): ReturnType<DiscoveryActivities['undecidedFindings']> {
  return withSessions(host, ref, 'findings', async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    return openFindings(ledger, run);
  });
}

/** Records a decision; says what it lacks where it would leave the run where it is. Idempotent by the id of the command. */
export function decide(
  host: Host,
  { ref, message, findings = [message.finding], command }: Parameters<DiscoveryActivities['decide']>[0],
): ReturnType<DiscoveryActivities['decide']> {
  return withSessions(host, ref, 'decide', async (scope) => {
    const ledger = await scope.openLedger();
    const missing = await missingOf(await host.databases.run(ref, ledger), ledger, message, findings);
    if (missing !== null) return { missing };
    await inTransaction(ledger, 'read write', async () => {
      const { finding, do: action, by, reason, expect } = message;
      const body = { finding, do: action, by, reason, expect: expect?.rows ?? null };
      if (command === undefined) await appendEvent(ledger, ref.run, 'decided', body);
      else {
        const record = { id: command, name: 'decide', kind: 'decided', state: 'done', body } as const;
        if (!(await appendCommand(ledger, ref.run, record))) return;
      }
      await storeDecisions(ledger, ref.run, message, findings);
    });
    return { missing: null };
  });
}

/** A row whose key cannot be sent cannot be named in any book: refused before anything is written. */
async function refuseUnsendableKeys(source: Session, mapping: string, statement: string): Promise<void> {
  if (statement === '') return;
  const [answer] = await readRows(source, statement);
  const rows = Number(answer?.[0] ?? 0);
  if (rows === 0) return;
  throw fail(
    'RP2060',
    `The source key of ${mapping} has bytes that are not valid characters in ${counted(rows, 'row')}.`,
    {
      where: { object: mapping },
    },
  );
}

async function countDropped(
  source: Session,
  mapping: CompiledMapping,
  bound: (sql: string) => string,
): Promise<Finding[]> {
  if (mapping.statements.dropped === '') return [];
  const [counts] = await readRows(source, bound(mapping.statements.dropped));
  return droppedParts(mapping).flatMap(({ column, kind }, at) => {
    const rows = Number(counts?.[at] ?? 0);
    return rows === 0 ? [] : [droppedFinding(mapping.name, column, kind, rows)];
  });
}

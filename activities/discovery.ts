import type { DiscoveryActivities } from '../src/contract/activity-types';
import { droppedParts } from '../src/compile/dropped-parts';
import type { CompiledMapping } from '../src/contract/compiled';
import type { DecideMessage } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { appendEvent } from '../src/postgres/ledger/event';
import { knownDecisions, storeDecisions } from '../src/postgres/ledger/decision';
import { readFindings, replaceFindings } from '../src/postgres/ledger/finding';
import { storeCatalog, storeProfile } from '../src/postgres/ledger/profile';
import type { LoadedRun } from '../src/postgres/ledger/run';
import type { Session } from '../src/postgres/session';
import { readCatalog } from '../src/postgres/catalog/read-catalog';
import { inSavepoint } from '../src/postgres/queries/copy-savepoint';
import { readRows } from '../src/postgres/read-rows';
import { inTransaction } from '../src/postgres/transaction';
import { catalogDrift } from '../src/profile/catalog-drift';
import { columnStatisticsSql, readColumnStatistics } from '../src/profile/column-statistics';
import {
  checkFinding,
  droppedFinding,
  onceEach,
  reasonFinding,
  scopeFinding,
  type Finding,
} from '../src/profile/finding';
import { computeAllSql, mayRaise } from '../src/profile/raising';
import { overLimit, undecided, type KnownDecision } from '../src/profile/undecided';
import { mappingOf, whileBeating, type ActivityHost } from './host';
import { limitsOf, openFindings } from './open-findings';
import { nothingRaises, rowsThatRaise } from './discovery-raising';
import { tryTargetRules } from './discovery-trial';
import { sourceStatement } from './validation-host';
import { during } from '../src/postgres/refusal';
import { dotted } from '../src/sql/quote';
import { counted } from '../src/report/counted';
import { figure } from '../src/report/format';

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

type Discovery = Omit<DiscoveryActivities, 'fingerprintTarget'>;

/** Profiling and findings. Each activity replaces what an earlier attempt of it stored. */
export function createDiscoveryActivities(host: ActivityHost): Discovery {
  const { databases } = host;
  return {
    recordCatalogs: (ref) =>
      whileBeating(host, 'catalogs', async (keep) => {
        const ledger = keep(await databases.ledger(ref, 'catalogs'));
        const run = await databases.run(ref, ledger);
        const target = await during('reading the catalog', () => readCatalog(ledger));
        const drift = [...catalogDrift(run.compiled.mappings, 'target', target)];
        await storeCatalog(ledger, ref.run, 'target', target);
        let relations = target.relations.length;
        for (const name of Object.keys(run.compiled.plan.sources)) {
          const source = keep(await databases.source(run.compiled, name, 'catalogs'));
          const catalog = await during('reading the catalog', () => readCatalog(source));
          relations += catalog.relations.length;
          drift.push(...catalogDrift(run.compiled.mappings, name, catalog));
          await storeCatalog(ledger, ref.run, `source:${name}`, catalog);
        }
        if (drift.length > 0)
          throw fail('RP4301', `The catalog is not what ${ref.run} was compiled for: ${drift.slice(0, 5).join('; ')}.`);
        return { relations };
      }),

    profileMapping: (ref, name) =>
      whileBeating(host, `profile ${name}`, async (keep) => {
        const ledger = keep(await databases.ledger(ref, `profile ${name}`));
        const run = await databases.run(ref, ledger);
        const mapping = mappingOf(run, name);
        const source = keep(await databases.source(run.compiled, mapping.source, `profile ${name}`));
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
      }),

    tryTargetRules: (ref) => tryTargetRules(host, ref),

    undecidedFindings: (ref) =>
      whileBeating(host, 'findings', async (keep) => {
        const ledger = keep(await databases.ledger(ref, 'findings'));
        const run = await databases.run(ref, ledger);
        return openFindings(ledger, run);
      }),

    decide: (ref, message, findingIds = [message.finding]) =>
      whileBeating(host, 'decide', async (keep) => {
        const ledger = keep(await databases.ledger(ref, 'decide'));
        const missing = await missingOf(await databases.run(ref, ledger), ledger, message, findingIds);
        if (missing !== null) return { missing };
        await inTransaction(ledger, 'read write', async () => {
          await storeDecisions(ledger, ref.run, message, findingIds);
          const { finding, do: action, by, reason, expect } = message;
          await appendEvent(ledger, ref.run, 'decided', {
            finding,
            do: action,
            by,
            reason,
            expect: expect?.rows ?? null,
          });
        });
        return { missing: null };
      }),
  };
}

/** A row whose key cannot be sent cannot be named in any book: refused before anything is written. */
async function refuseUnsendableKeys(source: Session, mapping: string, statement: string): Promise<void> {
  if (statement === '') return;
  const [answer] = await readRows(source, statement);
  const rows = Number(answer?.[0] ?? 0);
  if (rows === 0) return;
  throw fail('RP2060', `The source key of ${mapping} has bytes in ${counted(rows, 'row')} that are no characters.`, {
    where: { object: mapping },
  });
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

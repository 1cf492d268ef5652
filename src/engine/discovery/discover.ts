import type { DiscoveryActivities } from '../../contract/activity-types';
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
import { readCounts } from '../../profile/counts';
import { mayRaise } from '../../profile/raising';
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

interface Counted {
  /** The answer to `counts`. */
  readonly counts: (string | null)[][];
  /** The answer to `scopeCounts`; null where every row is in scope. */
  readonly scope: (string | null)[] | null;
}

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

/** Exact counts and the findings of one mapping, in one snapshot; with `settings.profile: full` also statistics of its columns. Replaces what an earlier attempt stored. */
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
        const pass = async (except: readonly string[]): Promise<Counted> => ({
          counts: await readRows(source, bound(mapping.statements.counts, except)),
          scope:
            mapping.where === null
              ? null
              : ((await readRows(source, bound(mapping.statements.scopeCounts, except)))[0] ?? []),
        });
        const first = mayRaise(mapping) ? await inSavepoint(source, () => pass([])) : { value: await pass([]) };
        const raising = 'failed' in first ? await rowsThatRaise(source, ledger, run, mapping) : nothingRaises;
        return {
          keys: keys ?? [],
          ...('value' in first ? first.value : await pass(raising.keys)),
          raising,
          columns: run.compiled.plan.settings.profile === 'full' ? await fullProfile(source, mapping, bound) : [],
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
    const { keys: raising } = facts.raising;
    const { findings: seen, ...profile } = readCounts(mapping, facts.counts, facts.scope);
    const total = profile.total + raising.length;
    const findings = [...seen, ...facts.raising.findings];
    await inTransaction(ledger, 'read write', async () => {
      await storeProfile(ledger, ref.run, name, {
        ...profile,
        total,
        rejected: profile.rejected + raising.length,
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

/** Statistics of every column that is read, in a pass of their own: no decision needs them. */
async function fullProfile(
  source: Session,
  mapping: CompiledMapping,
  bound: (sql: string) => string,
): Promise<ReturnType<typeof readColumnStatistics>> {
  const statistics = columnStatisticsSql(mapping);
  const [answer] = await readRows(source, bound(statistics.sql));
  return readColumnStatistics(statistics.columns, answer ?? []);
}

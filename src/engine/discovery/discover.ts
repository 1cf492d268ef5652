import type { DiscoveryActivities } from '../../contract/activity-types';
import type { DecideMessage, RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { appendCommand, appendEvent } from '../../postgres/ledger/run/event';
import { knownDecisions, storeDecisions } from '../../postgres/ledger/decision/decision';
import { readFindings } from '../../postgres/ledger/decision/finding';
import { storeCatalog } from '../../postgres/ledger/decision/profile';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { readCatalog } from '../../postgres/catalog/read-catalog';
import { inTransaction } from '../../postgres/transaction';
import { catalogDrift } from '../../profile/catalog-drift';
import { smallTogether } from '../../profile/small-tables';
import { overLimit, undecided, type KnownDecision } from '../../profile/undecided';
import { limitsOf, openFindings } from '../run/open-findings';
import { during } from '../../postgres/refusal';
import type { Host } from '../host';
import { withSessions } from '../session-scope';

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
    const together = smallTogether(run.compiled.mappings);
    return { relations, ...(together.length === 0 ? {} : { together }) };
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

import type { DiscoveryActivities } from '../../contract/activity-types';
import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { replaceFindings } from '../../postgres/ledger/decision/finding';
import { storeProfile } from '../../postgres/ledger/decision/profile';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { readRows } from '../../postgres/read-rows';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import { columnStatisticsSql, readColumnStatistics } from '../../profile/column-statistics';
import { readCounts } from '../../profile/counts';
import { mayRaise } from '../../profile/raising';
import { counted } from '../../report/counted';
import { figure } from '../../report/format';
import { dotted } from '../../sql/quote';
import { mappingOf, type Host } from '../host';
import { sourceStatement } from '../run/source-statement';
import { withSessions } from '../session-scope';
import { nothingRaises, rowsThatRaise } from './raising';

interface Counted {
  /** The answer to `counts`. */
  readonly counts: (string | null)[][];
  /** The answer to `scopeCounts`; null where every row is in scope. */
  readonly scope: (string | null)[] | null;
}

/** Exact counts and the findings of one mapping, in one snapshot; with `settings.profile: full` also statistics of its columns. Replaces what an earlier attempt stored. */
export function profileMapping(
  host: Host,
  ref: RunRef,
  name: string,
): ReturnType<DiscoveryActivities['profileMapping']> {
  return profileMappings(host, ref, [name]);
}

/** The same of several mappings, one after another on the same sessions: what takes time of a small table is to connect. */
export function profileMappings(
  host: Host,
  ref: RunRef,
  names: readonly string[],
): ReturnType<DiscoveryActivities['profileMappings']> {
  const [first = ''] = names;
  const purpose = names.length === 1 ? `profile ${first}` : `profile ${first} and ${names.length - 1} more`;
  return withSessions(host, ref, purpose, async (scope) => {
    const ledger = await scope.openLedger();
    const run = await host.databases.run(ref, ledger);
    const sources = new Map<string, Session>();
    const sum = { rows: 0, findings: 0 };
    for (const name of names) {
      const mapping = mappingOf(run, name);
      const source = sources.get(mapping.source) ?? (await scope.openSource(run, mapping.source));
      sources.set(mapping.source, source);
      const { rows, findings } = await profile({ run, ledger, source, mapping });
      sum.rows += rows;
      sum.findings += findings;
    }
    return sum;
  });
}

interface Profiled {
  readonly run: LoadedRun;
  readonly ledger: Session;
  readonly source: Session;
  readonly mapping: CompiledMapping;
}

async function profile({ run, ledger, source, mapping }: Profiled): Promise<{ rows: number; findings: number }> {
  const { name } = mapping;
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
  const { findings: seen, ...counts } = readCounts(mapping, facts.counts, facts.scope);
  const total = counts.total + raising.length;
  const findings = [...seen, ...facts.raising.findings];
  await inTransaction(ledger, 'read write', async () => {
    await storeProfile(ledger, run.run, name, {
      ...counts,
      total,
      rejected: counts.rejected + raising.length,
      columns: facts.columns,
    });
    await replaceFindings(ledger, run.run, 'profile', name, findings);
  });
  return { rows: total, findings: findings.length };
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

import type { CompiledMapping } from '../../contract/compiled';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { setTimeouts } from '../../postgres/queries/schema-change/settings';
import type { Session } from '../../postgres/session';
import { repairGuard } from './guard';
import { rememberFrozen, rememberProved } from './proved-tables';
import type { ProofHost } from './proof-host';
import { lockTimeoutOf } from '../run-settings';
import { patternOf } from '../run/pattern-of';

/**
 * What a proof of a table rests on, before its first row is read: the guard stands, and what the table consists of is known. The source
 * too where it was frozen first; one that is followed is looked at by every round.
 */
export async function beginProof(
  host: ProofHost,
  run: LoadedRun,
  mapping: CompiledMapping,
  session: Session,
): Promise<void> {
  await setTimeouts(session, { lockMs: lockTimeoutOf(run), statementMs: 0 });
  const heartbeat = (): void => host.signal?.()?.throwIfAborted();
  await repairGuard({ session, run, mappings: run.compiled.mappings, heartbeat });
  await rememberProved(session, run, mapping);
  if (patternOf(run) !== 'big_bang') return;
  const source = await host.databases.source(run.compiled, mapping.source, `look at ${mapping.name}`);
  try {
    await rememberFrozen(session, run, source, [mapping]);
  } finally {
    await source.close();
  }
}

import type { CompiledMapping } from '../src/contract/compiled';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { setTimeouts } from '../src/postgres/queries/schema-change';
import type { Session } from '../src/postgres/session';
import { lockTimeoutOf } from './copy-host';
import { repairGuard } from './cutover-guard';
import { rememberFrozen, rememberProved } from './proved-tables';
import { patternOf } from './run';
import type { ReadyHost } from './validation-host';

/**
 * What a proof of a table rests on, before its first row is read: the guard stands, and what the table consists of is known. The source
 * too where it was frozen first; one that is followed is looked at by every round.
 */
export async function beginProof(
  host: ReadyHost,
  run: LoadedRun,
  mapping: CompiledMapping,
  session: Session,
): Promise<void> {
  await setTimeouts(session, { lockMs: lockTimeoutOf(run), statementMs: 0 });
  const beat = (): void => host.signal()?.throwIfAborted();
  await repairGuard({ session, run, mappings: run.compiled.mappings, beat });
  await rememberProved(session, run, mapping);
  if (patternOf(run) !== 'big_bang') return;
  const source = await host.databases.source(run.compiled, mapping.source, `look at ${mapping.name}`);
  try {
    await rememberFrozen(session, run, source, [mapping]);
  } finally {
    await source.close();
  }
}

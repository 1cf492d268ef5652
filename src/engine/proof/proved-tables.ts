import type { CompiledMapping } from '../../contract/compiled';
import { compareIdentity } from '../../cutover/table-identity';
import { readStoredIdentities, storeIdentity, type IdentityMoment } from '../../postgres/ledger/proof/table-identity';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { lockOutWriters } from '../../postgres/queries/cutover/barrier';
import { readTableIdentities } from '../../postgres/queries/cutover/table-identity';
import type { Session } from '../../postgres/session';
import { writeBlockName } from '../run/relations';
import { faulty, type Breakable } from '../fault-injection';

/**
 * What was proved stays proved only while its table is the one that it was: guards see writes, and can be taken away and put back. Each
 * proof begins by storing what the table consists of; whoever relies on it compares.
 */

/** What is not as it was when it was proved or frozen, over all tables; sentences name objects. */
export interface TableChanges {
  readonly changed: readonly string[];
  readonly noted: readonly string[];
}

/** Of the target: stored before the first row is compared, so that whatever comes later is seen. */
export async function rememberProved(ledger: Session, run: LoadedRun, mapping: CompiledMapping): Promise<void> {
  const found = await readTableIdentities(
    ledger,
    [{ key: mapping.name, ...mapping.target }],
    writeBlockName(run, 'guard'),
  );
  await storeIdentity(ledger, run.run, 'proved', mapping.name, found.get(mapping.name) ?? []);
}

/** Of one source: its tables as they are while nobody writes to them. */
export async function rememberFrozen(
  ledger: Session,
  run: LoadedRun,
  source: Session,
  mappings: readonly CompiledMapping[],
): Promise<void> {
  const found = await readTableIdentities(source, mappings.map(sourceTable), writeBlockName(run, 'freeze'));
  for (const [mapping, items] of found) await storeIdentity(ledger, run.run, 'frozen', mapping, items);
}

/** What changed on the target since its tables were proved; what was never proved has not changed. */
export async function changedSinceProof(ledger: Session, run: LoadedRun, host: Breakable): Promise<TableChanges> {
  if (faulty(host, 'identity')) return { changed: [], noted: [] };
  const tables = run.compiled.mappings.map(({ name, target }) => ({ key: name, ...target }));
  const now = await readTableIdentities(ledger, tables, writeBlockName(run, 'guard'));
  return compareAll(ledger, run, 'proved', now);
}

/** What changed on a source since its writers were stopped. */
export async function changedSinceFreeze(
  ledger: Session,
  run: LoadedRun,
  name: string,
  source: Session,
): Promise<TableChanges> {
  const mappings = run.compiled.mappings.filter((mapping) => mapping.source === name);
  const now = await readTableIdentities(source, mappings.map(sourceTable), writeBlockName(run, 'freeze'));
  return compareAll(ledger, run, 'frozen', now);
}

/**
 * A change of our own, in the caller's transaction: tables that were as proved before it are as proved after it. What others did before is
 * not passed off as ours. Under a lock, so that nobody comes between the looks.
 */
export async function keepingProof<T>(ledger: Session, run: LoadedRun, change: () => Promise<T>): Promise<T> {
  const stored = await readStoredIdentities(ledger, run.run, 'proved');
  if (stored.size === 0) return change();
  const mappings = run.compiled.mappings.filter(({ name }) => stored.has(name));
  await lockProved(ledger, run);
  const tables = mappings.map(({ name, target }) => ({ key: name, ...target }));
  const before = await readTableIdentities(ledger, tables, writeBlockName(run, 'guard'));
  const intact = mappings.filter(
    ({ name }) => compareIdentity(stored.get(name) ?? [], before.get(name) ?? []).changed.length === 0,
  );
  const result = await change();
  for (const mapping of intact) await rememberProved(ledger, run, mapping);
  return result;
}

/** Keeps writers and ALTER away from the mapped tables of the target until the transaction ends; readers go on. */
export async function lockProved(ledger: Session, run: LoadedRun): Promise<void> {
  await lockOutWriters(
    ledger,
    run.compiled.mappings.map(({ target }) => target),
  );
}

function sourceTable({ name, from }: CompiledMapping): { key: string; schema: string; name: string } {
  return { key: name, schema: from.schema, name: from.name };
}

async function compareAll(
  ledger: Session,
  run: LoadedRun,
  moment: IdentityMoment,
  now: Awaited<ReturnType<typeof readTableIdentities>>,
): Promise<TableChanges> {
  const stored = await readStoredIdentities(ledger, run.run, moment);
  const changed: string[] = [];
  const noted: string[] = [];
  for (const [mapping, items] of now) {
    const before = stored.get(mapping);
    if (before === undefined) continue;
    const found = compareIdentity(before, items);
    changed.push(...found.changed);
    noted.push(...found.noted);
  }
  return { changed: [...new Set(changed)], noted: [...new Set(noted)] };
}

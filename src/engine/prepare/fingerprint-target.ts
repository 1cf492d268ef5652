import { createHash } from 'node:crypto';
import { readFingerprint, storeFingerprint } from '../../postgres/ledger/proof/fingerprint';
import {
  describeAttachments,
  describeColumns,
  describeConstraints,
  describeIndexes,
  describeRelations,
  describeRoutinesAndTypes,
  describeSchemas,
  type DescribedObject,
} from '../../postgres/queries/rollback/fingerprint-relation';
import {
  describeRows,
  describeSequencePositions,
  tablesOf,
  touchedSchemas,
  unreadableRows,
} from '../../postgres/queries/rollback/fingerprint-rows';
import { tableExists } from '../../postgres/queries/schema-change/index-build';
import { readMaterializedViews } from '../../postgres/queries/schema-change/view-dependencies';
import { inTransaction } from '../../postgres/transaction';
import type { Fingerprint } from '../../rollback/compare-fingerprints';
import { onTarget, type TargetWork } from '../target-work';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import type { QualifiedName } from '../../contract/catalog';
import type { Session } from '../../postgres/session';
import type { Host } from '../host';
import { rememberSources } from './fingerprint-sources';
import type { RunRef } from '../../contract/run';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * What the target is, in one snapshot: definitions, sequences and rows of every table of the schemas that the plan touches; of those that
 * it touched `before`, where that is given.
 */
export async function takeFingerprint(
  { session, run, heartbeat }: Pick<TargetWork, 'session' | 'run' | 'heartbeat'>,
  before: Fingerprint | null = null,
): Promise<Fingerprint> {
  const tables = run.compiled.mappings;
  const described = await inTransaction(session, 'repeatable read read only', async () => {
    const views = (await readMaterializedViews(session, tables)).map((detail) => detail.view);
    const among = before === null ? null : Object.keys(before.objects);
    const schemas = await touchedSchemas(session, tables, views, among);
    const found: DescribedObject[] = [];
    for (const describe of [
      describeSchemas,
      describeRelations,
      describeColumns,
      describeConstraints,
      describeIndexes,
      describeAttachments,
      describeRoutinesAndTypes,
      describeSequencePositions,
    ]) {
      heartbeat();
      found.push(...(await during('reading the definitions for the fingerprint', () => describe(session, schemas))));
    }
    for (const { target } of tables) {
      heartbeat();
      if (await tableExists(session, target)) found.push(await rowsOf(session, target));
    }
    // a trigger that fires, a cascade or somebody else may have written into tables outside the plan
    for (const { table, readable } of await tablesOf(session, schemas)) {
      heartbeat();
      const mapped = tables.some(({ target }) => target.schema === table.schema && target.name === table.name);
      if (mapped) continue;
      found.push(readable ? await rowsOf(session, table) : unreadableRows(table));
    }
    return found;
  });
  const objects = Object.fromEntries(
    described
      .map(({ object, text }) => [object, sha256(text)] as const)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
  return { objects, digest: sha256(JSON.stringify(Object.entries(objects))) };
}

function rowsOf(session: Session, table: QualifiedName): Promise<DescribedObject> {
  return during(`reading ${dotted(table)} for the fingerprint`, () => describeRows(session, table));
}

/** `before` is taken once: a later call answers with what is stored. */
export function fingerprintTarget(host: Host, ref: RunRef, moment: 'before' | 'after'): Promise<{ digest: string }> {
  return onTarget(host, ref, 'fingerprint', async (work) => {
    const { session, run } = work;
    if (moment === 'before') await rememberSources(host, work);
    const stored = await readFingerprint(session, run.run, moment);
    if (moment === 'before' && stored !== null) return { digest: stored.digest };
    await storeFingerprint(session, run.run, moment, await takeFingerprint(work), moment !== 'before');
    return { digest: (await readFingerprint(session, run.run, moment))?.digest as string };
  });
}

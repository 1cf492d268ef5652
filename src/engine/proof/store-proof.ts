import type { ProofSummary } from '../../contract/activity-types';
import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { replaceChecks } from '../../postgres/ledger/run/check-result';
import { proofTotals, storeDifferences, type CarefulBatch } from '../../postgres/ledger/proof/proof';
import type { CarefulResult } from './careful-proof';
import type { ProofHost } from './proof-host';
import { onLedger } from '../session-scope';

/**
 * What an earlier attempt of this activity got to: it stored the slices below the one that its last heartbeat names. Null when
 * there was none.
 */
export function storedDivision(host: ProofHost, mapping: string): { slices: number; first: number } | null {
  const last = host.lastHeartbeat?.() as { mapping?: unknown; slice?: unknown; slices?: unknown } | undefined;
  const { slice, slices } = last ?? {};
  if (last?.mapping !== mapping || typeof slice !== 'number' || typeof slices !== 'number' || slices < 1) return null;
  return { slices, first: Math.min(Math.max(0, slice), slices) };
}

/** Columns whose values come out of the user's own SQL: executed again, not recomputed. */
export function reexecutedColumns(mapping: CompiledMapping): string[] {
  return mapping.columns.filter((column) => column.proof === 're-executed').map((column) => column.target);
}

/** Recomputes the batches of the careful path one by one and stores what they showed, in place of what was stored. */
export async function storeCareful(
  host: ProofHost,
  ref: RunRef,
  mapping: string,
  batches: readonly CarefulBatch[],
  prove: (batch: CarefulBatch) => Promise<CarefulResult>,
): Promise<void> {
  const checks: CarefulResult['check'][] = [];
  for (const batch of batches) {
    const { check, differences } = await prove(batch);
    checks.push(check);
    // slices count from 0; a batch's differences stand below
    const name = { run: ref.run, mapping, slice: -1 - batch.ordinal };
    await onLedger(host, ref, `store proof of ${mapping}`, (session) => storeDifferences(session, name, differences));
  }
  await onLedger(host, ref, `store proof of ${mapping}`, (session) =>
    replaceChecks(session, ref.run, 'careful', checks, mapping),
  );
}

/** The sums of what is stored about a mapping. */
export async function summary(host: ProofHost, ref: RunRef, mapping: string): Promise<ProofSummary> {
  const totals = await onLedger(host, ref, `sum up proof of ${mapping}`, (session) => proofTotals(session, ref.run));
  const own = totals.find((one) => one.mapping === mapping);
  if (own === undefined) throw new Error('the proof that was just stored is gone');
  const { identical, decided, mismatch, missing, extraneous, duplicate, unverifiable } = own;
  return { mapping, rows: own.expected, identical, decided, mismatch, missing, extraneous, duplicate, unverifiable };
}

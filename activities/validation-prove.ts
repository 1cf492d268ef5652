import type { ProofSummary, ValidationActivities } from '../src/contract/activity-types';
import type { RunRef } from '../src/contract/run';
import { replaceChecks } from '../src/postgres/ledger/check-result';
import type { CarefulBatch } from '../src/postgres/ledger/proof';
import {
  carefulBatches,
  forgetSlices,
  proofTotals,
  receiptRows,
  storeDifferences,
  storeSlice,
} from '../src/postgres/ledger/proof';
import { refusedByServer } from '../src/postgres/ledger/proof-quarantine';
import { forgetVerdict } from '../src/postgres/ledger/verdict';
import { mayRaise } from '../src/profile/raising';
import { withHeartbeat } from './copy-heartbeat';
import { mappingOf, onLedger } from './copy-host';
import { proveCarefulBatch, type CarefulResult } from './validation-careful';
import type { ReadyHost } from './validation-host';
import { proveSlice, type ProofWork } from './validation-slice';

/** True when reading a row's raw columns can raise: the user's own SQL, or a cast without a total form in the sort key. */
/** Slices that an earlier attempt of this activity has stored: it went on to the one its last heartbeat names. */
function firstSlice(host: ReadyHost, mapping: string, slices: number): number {
  const last = host.lastHeartbeat() as { mapping?: unknown; slice?: unknown; slices?: unknown } | undefined;
  const known = last?.mapping === mapping && last.slices === slices && typeof last.slice === 'number';
  return known ? Math.min(Math.max(0, last.slice as number), slices) : 0;
}

/**
 * Idempotent: a slice is stored in one transaction in place of an earlier proof of it; a retry goes on after the slices that
 * were stored, a new call proves everything anew.
 */
export function createProveMapping(host: ReadyHost): ValidationActivities['proveMapping'] {
  return async (ref, name) => {
    const run = await host.databases.run(ref);
    const mapping = mappingOf(run, name);
    const { sliceRows } = run.compiled.plan.settings.proof;
    const facts = await onLedger(host, ref, `prove ${name}`, async (session) => {
      const rows = await receiptRows(session, run.run, name);
      const slices = Math.max(1, Math.ceil(rows / sliceRows));
      const first = firstSlice(host, name, slices);
      await forgetVerdict(session, run.run);
      await forgetSlices(session, run.run, name, slices, first);
      return {
        slices,
        first,
        refused: mayRaise(mapping) ? await refusedByServer(session, run.run, name) : [],
        careful: await carefulBatches(session, run.run, name),
      };
    });
    const work = { host, ref, run, mapping, refused: facts.refused };
    const { slices } = facts;
    for (let slice = facts.first; slice < slices; slice += 1) {
      await withHeartbeat(host, { mapping: name, slice, slices }, (progress) =>
        proveAndStore({ ...work, progress }, slice, slices),
      );
    }
    await withHeartbeat(host, { mapping: name, slice: slices, slices }, (progress) =>
      proveCareful({ ...work, progress }, facts.careful),
    );
    return summary(host, ref, name);
  };
}

async function proveAndStore(work: ProofWork, slice: number, slices: number): Promise<void> {
  const { run, mapping } = work;
  const { differences, ...proved } = await proveSlice(work, { index: slice, of: slices });
  const reexecutedColumns = mapping.columns
    .filter((column) => column.proof === 're-executed')
    .map((column) => column.target);
  await onLedger(work.host, work.ref, `store proof of ${mapping.name}`, (session) =>
    storeSlice(
      session,
      { run: run.run, mapping: mapping.name, slice, slices, ...proved, reexecutedColumns },
      differences,
    ),
  );
}

async function proveCareful(work: ProofWork, batches: readonly CarefulBatch[]): Promise<void> {
  const { run, mapping } = work;
  const checks: CarefulResult['check'][] = [];
  for (const batch of batches) {
    const { check, differences } = await proveCarefulBatch(work, batch);
    checks.push(check);
    // slices count from 0; a batch's differences stand below
    const name = { run: run.run, mapping: mapping.name, slice: -1 - batch.ordinal };
    await onLedger(work.host, work.ref, `store proof of ${mapping.name}`, (session) =>
      storeDifferences(session, name, differences),
    );
  }
  await onLedger(work.host, work.ref, `store proof of ${mapping.name}`, (session) =>
    replaceChecks(session, run.run, 'careful', checks, mapping.name),
  );
}

async function summary(host: ReadyHost, ref: RunRef, mapping: string): Promise<ProofSummary> {
  const totals = await onLedger(host, ref, `sum up proof of ${mapping}`, (session) => proofTotals(session, ref.run));
  const own = totals.find((one) => one.mapping === mapping);
  if (own === undefined) throw new Error('the proof that was just stored is gone');
  const { identical, decided, mismatch, missing, extraneous, duplicate, unverifiable } = own;
  return { mapping, rows: own.expected, identical, decided, mismatch, missing, extraneous, duplicate, unverifiable };
}

import { isMultiset } from '../../compile/key/row-identity';
import type { ValidationActivities } from '../../contract/activity-types';
import { carefulBatches, forgetSlices, receiptRows, storeSlice } from '../../postgres/ledger/proof/proof';
import { refusedByServer } from '../../postgres/ledger/proof/proof-quarantine';
import { refreshStatistics } from '../../postgres/ledger/run/statistics';
import { forgetVerdict } from '../../postgres/ledger/proof/verdict';
import { mayRaise } from '../../profile/raising';
import { withHeartbeat } from '../heartbeat';
import { beginProof } from './begin-proof';
import { proveCarefulBatch } from './careful-proof';
import type { ProofWork } from './compare-rows';
import type { ProofHost } from './proof-host';
import { proveSlice } from './prove-slice';
import { reexecutedColumns, storeCareful, storedDivision, summary } from './store-proof';
import { mappingOf } from '../host';
import { onLedger } from '../session-scope';

/**
 * Idempotent: a slice is stored in one transaction in place of an earlier proof of it; a retry goes on after the slices that
 * were stored, a new call proves everything anew.
 */
export function createProveMapping(host: ProofHost): ValidationActivities['proveMapping'] {
  return async ({ ref, mapping: name }) => {
    const run = await host.databases.run(ref);
    const mapping = mappingOf(run, name);
    const { sliceRows } = run.compiled.plan.settings.proof;
    const facts = await onLedger(host, ref, `prove ${name}`, async (session) => {
      await refreshStatistics(session);
      const rows = await receiptRows(session, run.run, name);
      const slices = Math.max(1, Math.ceil(rows / sliceRows));
      const stored = storedDivision(host, name);
      const first = stored?.slices === slices ? stored.first : 0;
      if (stored?.slices !== slices) await beginProof(host, run, mapping, session);
      await forgetVerdict(session, run.run);
      await forgetSlices(session, run.run, name, slices, first);
      return {
        slices,
        first,
        refused: mayRaise(mapping) ? await refusedByServer(session, run.run, name) : [],
        // rows without a key meet in what SQL computes of them: the slices compare with both implementations
        careful: isMultiset(mapping) ? [] : await carefulBatches(session, run.run, name),
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
      storeCareful(host, ref, name, facts.careful, (batch) => proveCarefulBatch({ ...work, progress }, batch)),
    );
    return summary(host, ref, name);
  };
}

async function proveAndStore(work: ProofWork, slice: number, slices: number): Promise<void> {
  const { run, mapping } = work;
  const { differences, ...proved } = await proveSlice(work, { index: slice, of: slices });
  const stored = { run: run.run, mapping: mapping.name, slice, slices, ...proved };
  await onLedger(work.host, work.ref, `store proof of ${mapping.name}`, (session) =>
    storeSlice(session, { ...stored, reexecutedColumns: reexecutedColumns(mapping) }, differences),
  );
}

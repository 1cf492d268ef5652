import type { LiveProofActivities, ProofSummary } from '../../../contract/activity-types';
import { carefulBatches, forgetSlices, mappingRows, storeSlice } from '../../../postgres/ledger/proof/proof';
import { provedRound } from '../../../postgres/ledger/proof/proof-alignment';
import { forgetTouched } from '../../../postgres/ledger/proof/proof-touched';
import { refreshStatistics } from '../../../postgres/ledger/run/statistics';
import { forgetVerdict } from '../../../postgres/ledger/proof/verdict';
import type { LoadedRun } from '../../../postgres/ledger/run/run';
import { liveSlices } from '../../../validate/live-slices';
import { withHeartbeat } from '../../heartbeat';
import { beginProof } from '../begin-proof';
import { proveLiveCareful, proveLiveSlice } from './live-slice';
import { AlignedViews } from './live-view';
import { type ProofHost } from '../proof-host';
import { reexecutedColumns, storeCareful, storedDivision, summary } from '../store-proof';
import { mappingOf } from '../../host';
import { onLedger } from '../../session-scope';
import type { RunRef } from '../../../contract/run';

/**
 * Proves tables while rounds go on. Idempotent: a slice is stored in one transaction with where it was aligned, in place of an
 * earlier proof of it; a retry keeps the division and goes on after what was stored, a new call proves everything anew.
 */
export async function proveLive(host: ProofHost, ref: RunRef, name: string): Promise<ProofSummary> {
  const run = await host.databases.run(ref);
  const views = new AlignedViews(host, ref, run, `prove ${name}`);
  try {
    await proveTable({ host, ref, run, views }, name);
  } finally {
    await views.close();
  }
  return summary(host, ref, name);
}

interface LiveWork {
  readonly host: ProofHost;
  readonly ref: Parameters<LiveProofActivities['proveLive']>[0]['ref'];
  readonly run: LoadedRun;
  readonly views: AlignedViews;
}

async function proveTable(work: LiveWork, name: string): Promise<void> {
  const { host, ref, run, views } = work;
  const mapping = mappingOf(run, name);
  const known = storedDivision(host, name);
  const { slices, first, careful } = await onLedger(host, ref, `prove ${name}`, async (session) => {
    await refreshStatistics(session);
    const rows = await mappingRows(session, run.run, name);
    const division = known ?? { slices: liveSlices(rows, run.compiled.plan.settings.proof), first: 0 };
    if (known === null) await beginProof(host, run, mapping, session);
    await forgetVerdict(session, run.run);
    await forgetSlices(session, run.run, name, division.slices, division.first);
    return { ...division, careful: await carefulBatches(session, run.run, name) };
  });
  for (let slice = first; slice < slices; slice += 1) {
    await withHeartbeat(host, { mapping: name, slice, slices }, async (progress) => {
      const { differences, aligned, ...proved } = await proveLiveSlice(
        views,
        name,
        { index: slice, of: slices },
        progress,
      );
      const stored = { run: run.run, mapping: name, slice, slices, ...proved };
      await onLedger(host, ref, `store proof of ${name}`, (session) =>
        storeSlice(session, { ...stored, reexecutedColumns: reexecutedColumns(mapping) }, differences, aligned),
      );
    });
  }
  await withHeartbeat(host, { mapping: name, slice: slices, slices }, async (progress) => {
    await storeCareful(host, ref, name, careful, (batch) => proveLiveCareful(views, name, batch, progress));
    await views.close();
    await onLedger(host, ref, `store proof of ${name}`, async (session) =>
      forgetTouched(session, run.run, name, await provedRound(session, run.run, name)),
    );
  });
}

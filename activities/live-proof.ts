import type { LiveProofActivities } from '../src/contract/activity-types';
import { carefulBatches, forgetSlices, mappingRows, storeSlice } from '../src/postgres/ledger/proof/proof';
import { provedRound } from '../src/postgres/ledger/proof/proof-alignment';
import { forgetTouched } from '../src/postgres/ledger/proof/proof-touched';
import { refreshStatistics } from '../src/postgres/ledger/run/statistics';
import { forgetVerdict } from '../src/postgres/ledger/proof/verdict';
import type { LoadedRun } from '../src/postgres/ledger/run/run';
import { liveSlices } from '../src/validate/live-slices';
import { withHeartbeat } from '../src/engine/heartbeat';
import { mappingOf, onLedger } from '../src/engine/copy/run-lookup';
import type { ActivityHost } from './temporal-host';
import { beginProof } from '../src/engine/proof/begin-proof';
import { proveLiveCareful, proveLiveSlice } from '../src/engine/proof/live/live-slice';
import { AlignedViews } from '../src/engine/proof/live/live-view';
import { readyHost, type ReadyHost, type ValidationHost } from '../src/engine/proof/proof-host';
import { reexecutedColumns, storeCareful, storedDivision, summary } from '../src/engine/proof/store-proof';

/**
 * Proves tables while rounds go on. Idempotent: a slice is stored in one transaction with where it was aligned, in place of an
 * earlier proof of it; a retry keeps the division and goes on after what was stored, a new call proves everything anew.
 */
export function createLiveProofActivities(
  host: ActivityHost & Pick<ValidationHost, 'lastHeartbeat' | 'align'>,
): LiveProofActivities {
  const ready = readyHost({ ...host, plansFolder: null });
  return {
    proveLive: async (ref, name) => {
      const run = await ready.databases.run(ref);
      const views = new AlignedViews(ready, ref, run, `prove ${name}`);
      try {
        await proveTable({ host: ready, ref, run, views }, name);
      } finally {
        await views.close();
      }
      return summary(ready, ref, name);
    },
  };
}

interface LiveWork {
  readonly host: ReadyHost;
  readonly ref: Parameters<LiveProofActivities['proveLive']>[0];
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

import { join } from 'node:path';
import type { RunStatus } from '../../src/contract/run';
import { openFolder } from '../support/open-folder';
import { createShopBench, shopDecisions, type ShopBench } from '../support/shop-bench';
import { startShopWriter, type ShopWriter } from '../support/shop-writer';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { startStressServer, type StressServer } from '../stress/servers';

/** A machine that can be lost: both servers, Temporal and the workers of a shop that is migrated while it is written to. */
export interface Stage {
  readonly bench: ShopBench;
  readonly writer: ShopWriter;
  readonly servers: { readonly source: StressServer; readonly target: StressServer };
  readonly temporal: TestTemporal;
  /** Asks until the status of the run says so; raises when the run has ended instead. */
  until(readExistingFreeze: (status: RunStatus) => boolean): Promise<RunStatus>;
  /** Waits for the end of the run, and raises unless it is complete. */
  completes(): Promise<void>;
  approve(code: string): Promise<void>;
  /** kill -9 of servers, Temporal and workers, all at once. */
  lose(): Promise<void>;
  /** Starts servers, Temporal and one worker again; nobody says a word to the run. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** Started without anybody watching: what happens is read from `status`. */
export async function openStage(capture: 'triggers' | 'logical', settings = ''): Promise<Stage> {
  const folder = openFolder('rowproof-disaster-');
  const servers = {
    source: await startStressServer(join(folder, 'source')),
    target: await startStressServer(join(folder, 'target')),
  };
  const temporal = await startTemporal();
  const bench = await createShopBench(temporal, { source: servers.source.url(), target: servers.target.url() });
  bench.worker();
  const writer = await startShopWriter(bench);
  const plan = `on_failure: keep, batch: { rows: 50 }${settings === '' ? '' : `, ${settings}`}`;
  const file = bench.plan('shop', { decisions: shopDecisions, capture, settings: plan });
  const started = await bench.rowproof('run', file, '--detach');
  if (started.code !== 0) throw new Error(started.stderr);
  /** `outcome` once the run has ended. Null while a server is away. */
  const look = async (): Promise<{ status?: RunStatus; outcome: string | null } | null> => {
    const { code, stdout } = await bench.rowproof('status', 'shop-1', '--output', 'json');
    if (code !== 0) return null;
    const said = JSON.parse(stdout) as { status?: RunStatus; run?: { outcome?: string | null; sentence?: string } };
    const outcome = said.run?.outcome ?? null;
    if (outcome !== null && outcome !== 'complete') throw new Error(`${outcome}: ${said.run?.sentence}`);
    return { ...(said.status === undefined ? {} : { status: said.status }), outcome };
  };
  return {
    bench,
    writer,
    servers,
    temporal,
    until: async (readExistingFreeze) => {
      for (;;) {
        const now = await look();
        if (now?.status !== undefined && readExistingFreeze(now.status)) return now.status;
        if (now?.outcome === 'complete') throw new Error('The run is complete already.');
        await new Promise((rest) => setTimeout(rest, 500));
      }
    },
    completes: async () => {
      while ((await look())?.outcome !== 'complete') await new Promise((rest) => setTimeout(rest, 500));
    },
    approve: async (code) => {
      const said = await bench.rowproof('cutover', 'shop-1', '--code', code, '--by', 'ben', '--reason', 'now');
      if (said.code !== 0) throw new Error(said.stderr);
    },
    lose: async () => {
      for (const { child } of bench.workers()) child.kill('SIGKILL');
      await Promise.all([servers.source.kill(), servers.target.kill(), temporal.kill()]);
    },
    comeBack: async () => {
      await Promise.all([servers.source.start(), servers.target.start()]);
      await temporal.restart();
      bench.worker();
    },
    close: async () => {
      await writer.stop();
      await bench.close();
      await temporal.stop();
      await Promise.all([servers.source.stop(), servers.target.stop()]);
    },
  };
}

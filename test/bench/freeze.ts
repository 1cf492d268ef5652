import { setTimeout as sleep } from 'node:timers/promises';
import { connected } from '../stress/oracle';
import { startLatencyProbe, type Waits } from './latency';
import { openStage } from './stage';

export interface FreezeFigures {
  readonly rows: number;
  readonly capture: string;
  /** Transactions a second that pgbench was asked for, and made until the freeze. */
  readonly rate: number;
  readonly transactions: number;
  readonly freezeMs: number;
  readonly drillMs: number | null;
  readonly changedKeys: number;
  /** Milliseconds of each step under the barrier. */
  readonly parts: {
    readonly drill: Readonly<Record<string, number>>;
    readonly cutover: Readonly<Record<string, number>>;
  };
  readonly secondsToGate: number;
  readonly waits: readonly Waits[];
}

/** A whole hybrid run under a steady load: how long the writers stood still, and what they waited for in every phase. */
export async function measureFreeze(
  rows: number,
  rate: number,
  capture: 'triggers' | 'logical',
): Promise<FreezeFigures> {
  const stage = await openStage(rows);
  try {
    let phase = 'before';
    const writing = stage.tool.start(stage.source.url('bank'), rate);
    const probe = startLatencyProbe(stage.source.url('bank'), () => phase);
    await sleep(10_000);
    const began = performance.now();
    let secondsToGate = 0;
    await stage.migrate({
      capture,
      seen: (status) => {
        if (secondsToGate === 0) phase = status.phase;
      },
      atGate: async (run) => {
        if (secondsToGate === 0) {
          secondsToGate = (performance.now() - began) / 1_000;
          phase = 'at the gate';
          await sleep(20_000);
          phase = 'drill';
          await stage.bench.rowproof('cutover', run, '--drill', '--by', 'bench', '--reason', 'to know how long');
        }
        phase = 'cutover';
      },
    });
    const { transactions } = await writing.ended;
    const waits = await probe.stop();
    return await connected(stage.target.url('bank'), async (client) => {
      const { rows: attempts } = await client.query<{
        drill: boolean;
        freeze_ms: string;
        changed_keys: string;
        parts: Record<string, number>;
      }>(
        `select drill, freeze_ms::text, changed_keys::text, detail - 'by' - 'sentence' as parts from rowproof.cutover
         where outcome in ('frozen', 'drilled') order by attempt`,
      );
      const frozen = attempts.find(({ drill }) => !drill);
      const drilled = attempts.find(({ drill }) => drill);
      return {
        rows,
        capture,
        rate,
        transactions,
        freezeMs: Number(frozen?.freeze_ms),
        drillMs: drilled === undefined ? null : Number(drilled.freeze_ms),
        changedKeys: Number(frozen?.changed_keys),
        parts: { drill: drilled?.parts ?? {}, cutover: frozen?.parts ?? {} },
        secondsToGate,
        waits,
      };
    });
  } finally {
    await stage.close();
  }
}

import { connected } from '../stress/oracle';
import { runCommand } from '../support/command';
import { openStage } from './stage';

export interface CostFigures {
  readonly capture: string;
  readonly pairs: readonly { readonly plain: number; readonly captured: number }[];
  /** Median of captured / plain transactions a second. */
  readonly ratio: number;
}

/** pgbench as fast as it goes on two equal databases of one server, one of them captured and followed, in turn. */
export async function measureCost(
  rows: number,
  capture: 'triggers' | 'logical',
  pairs: number,
  seconds: number,
): Promise<CostFigures> {
  const stage = await openStage(rows);
  try {
    await connected(stage.source.url(), async (client) => void (await client.query('create database plain')));
    await stage.tool.initialize(stage.source.url('plain'), Math.max(1, Math.round(rows / 100_000)));
    const measured: { plain: number; captured: number }[] = [];
    await stage.migrate({
      capture,
      atGate: async () => {
        for (let n = measured.length; n < pairs; n += 1) {
          // every other pair the other way round
          const order = n % 2 === 0 ? (['plain', 'bank'] as const) : (['bank', 'plain'] as const);
          const tps: Record<string, number> = {};
          for (const database of order) {
            tps[database] = await speed(stage.tool.program, stage.source.url(database), seconds);
          }
          measured.push({ plain: tps['plain'] ?? NaN, captured: tps['bank'] ?? NaN });
        }
      },
    });
    const ratios = measured.map(({ plain, captured }) => captured / plain).sort((a, b) => a - b);
    return { capture, pairs: measured, ratio: ratios[Math.floor(ratios.length / 2)] ?? NaN };
  } finally {
    await stage.close();
  }
}

async function speed(program: string, url: string, seconds: number): Promise<number> {
  const args = ['-n', '-c', '4', '-j', '1', '-T', String(seconds), url];
  const { stdout, stderr, code } = await runCommand(program, args, { timeoutMs: (seconds + 60) * 1_000 });
  const tps = /tps = ([\d.]+)/.exec(stdout)?.[1];
  if (code !== 0 || tps === undefined) throw new Error(stderr);
  return Number(tps);
}

import type { FaultRun } from './faults';
import { runSeed, type SeedOptions, type SeedResult } from './one-seed';
import type { Servers } from './servers';

export interface FaultVerdict {
  readonly run: FaultRun;
  readonly seed: number;
  readonly control: SeedResult;
  readonly broken: SeedResult;
  /** The control is green, and the fault made the difference that it must make. */
  readonly seen: boolean;
}

/** The same seed twice: with the rules as they are, and with one of them broken. */
export async function runFault(
  servers: Servers,
  run: FaultRun,
  options: Omit<SeedOptions, 'fault' | 'scenario' | 'capture'>,
): Promise<FaultVerdict> {
  const { capture, scenario, fault, shows } = run;
  const control = await runSeed(servers, null, { ...options, capture, scenario, fault: null });
  const broken = await runSeed(servers, null, { ...options, capture, scenario, fault });
  const green = control.outcome === 'complete' && control.differences.length === 0;
  return { run, seed: options.seed, control, broken, seen: green && shows.test(broken.differences.join('\n')) };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { Phase, RunRef } from '../../src/contract/run';
import { comparedTables } from './compared-tables';
import { ActivityFailed, type Processes } from './processes';
import type { Flight } from './pilot';

export interface EngineScheduleOptions {
  readonly processes: Processes;
  readonly patienceMs: number;
  readonly followMs: number;
  readonly drills: number;
  /** Rounds go on while the rows are proved, which takes several times as long: they take turns. */
  readonly proveWhileFollowing: boolean;
  readonly log: { readonly lines: readonly string[]; readonly say: (line: string) => void };
  /** Whether such a disturbance was done: then a stop by name, and a proof that is red, are answered by reading everything again. */
  readonly did: (disturbance: 'DDL on source' | 'DDL on target') => boolean;
  /** As soon as the source is captured. */
  readonly captured: () => void;
  /** While rounds go on, before the proof. */
  readonly following: () => Promise<void>;
  /** Right before the cutover. */
  readonly approving: () => Promise<void>;
  /** Right after the target was opened. */
  readonly opened: () => Promise<void>;
  /** After the proof found differences: ends whoever writes. */
  readonly refuted: () => Promise<void>;
}

/** The course of a hybrid run as its workflow goes it, activity by activity, without Temporal. */
export async function runEngines(options: EngineScheduleOptions): Promise<Flight> {
  const { log } = options;
  const state = {
    run: '',
    ref: null as RunRef | null,
    following: false,
    ended: false,
    failed: null as Error | null,
  };
  const resync = async (why: string): Promise<void> => {
    log.say(`resync: ${why}`);
    await options.processes.call('resyncCapture', [{ ref: state.ref as RunRef, by: 'ben', reason: 'stress' }], 40);
  };
  // an apply lease that was stopped by name because of what was done to a table goes on once that was read again
  const processes: Processes = {
    ...options.processes,
    call: async (activity, args, tries) => {
      for (;;) {
        try {
          return (await options.processes.call(activity, args, tries)) as never;
        } catch (error) {
          if (!isStopped(error) || !options.did('DDL on source')) throw error;
          await resync((error as Error).message);
        }
      }
    },
  };
  let background = Promise.resolve();
  const context = async (): Promise<Flight> => {
    const opened = await processes.call('openRun', [{ plan: 'stress', workflowId: 'engine', executionId: 'engine' }]);
    const { ref } = opened;
    state.run = ref.run;
    state.ref = ref;
    const phase = async (name: Phase, work: () => Promise<unknown>): Promise<void> => {
      log.say(`phase ${name}`);
      await processes.call('startPhase', [{ ref, phase: name }]);
      await work();
      await processes.call('finishPhase', [{ ref, phase: name }]);
    };
    await phase('discovery', async () => {
      await processes.call('recordCatalogs', [ref]);
      await processes.call('fingerprintTarget', [{ ref, moment: 'before' }]);
    });
    await phase('prepare', async () => {
      await processes.call('prepareTarget', [ref]);
      await processes.call('guardTarget', [ref]);
    });
    await phase('capture', () => processes.call('installCapture', [ref]));
    options.captured();
    await phase('copy', () => inTurns(opened, 2, (mapping) => copyTable(processes, ref, mapping)));
    const watching = watch(processes, ref, state);
    const follow = async (): Promise<void> => {
      while (state.following) {
        const before = performance.now();
        await processes.call('runRounds', [{ ref, forMs: 1_500, untilCaughtUp: false }]);
        if (performance.now() - before < 300) await sleep(300);
      }
    };
    const startFollowing = (): void => {
      state.following = true;
      background = follow().catch((error: Error) => void (state.failed ??= error));
    };
    const alone = async <T>(work: () => Promise<T>): Promise<T> => {
      state.following = false;
      await background;
      return work();
    };
    // false when a side is not what was proved: then writers are free again
    const opens = async (ref: RunRef): Promise<boolean> => {
      try {
        await processes.call('openTarget', [ref], 40);
        return true;
      } catch (error) {
        if (!(error instanceof ActivityFailed) || !['RP5451', 'RP5452'].includes(error.failure.code)) throw error;
        return false;
      }
    };
    const caughtUp = async (): Promise<void> => {
      while (!(await processes.call('runRounds', [{ ref, forMs: 20_000, untilCaughtUp: true }])).caughtUp)
        await sleep(50);
    };
    await phase('delta', caughtUp);
    await phase('settle', () => processes.call('settle', [ref]));
    await phase('finish', async () => {
      await processes.call('rebuildIndexes', [ref]);
      await processes.call('rebuildForeignKeys', [ref]);
      await processes.call('advanceSequences', [ref]);
    });
    startFollowing();
    await options.following();
    await sleep(options.followMs);
    for (let drills = options.drills; drills > 0; drills -= 1) {
      const drilled = await alone(() => processes.call('cutOver', [{ ref, drill: true, by: 'ben' }]));
      log.say(`drill: ${drilled.outcome} ${drilled.sentence}`);
      startFollowing();
    }
    const proved = async (): Promise<void> => {
      const work = (): Promise<void> => prove(processes, opened);
      for (let tried = 1; ; tried += 1) {
        try {
          await (options.proveWhileFollowing ? work() : alone(work));
          return;
        } catch (error) {
          if (!isRed(error)) throw error;
          // what was done to the target is put right by reading everything again
          if (options.did('DDL on target') && tried < maxProofs) {
            await resync((error as Error).message);
            await alone(caughtUp);
            if (options.proveWhileFollowing) startFollowing();
            continue;
          }
          await options.refuted();
          // what is different once everything that came is applied stays so
          await alone(caughtUp);
          throw error;
        }
      }
    };
    await proved();
    await options.approving();
    for (;;) {
      const result = await alone(async () => {
        await caughtUp();
        const order = { by: 'ben', reason: 'stress', code: opened.code };
        const lines = await processes.call('checkCutover', [{ ref, approval: order }]);
        const missing = lines.filter(({ ok }) => !ok);
        if (missing.length > 0)
          return {
            outcome: 'checklist',
            sentence: missing.map(({ name, sentence }) => `${name}: ${sentence}`).join(' '),
          };
        return processes.call('cutOver', [{ ref, drill: false, by: 'ben' }]);
      });
      log.say(`cutover: ${result.outcome} ${result.sentence}`);
      if (result.outcome === 'frozen' && (await opens(ref))) break;
      if (options.proveWhileFollowing) startFollowing();
      await proved();
    }
    await options.opened();
    state.ended = true;
    await watching;
    await processes.call('removeCapture', [ref], 40);
    return { outcome: 'complete', sentence: log.lines.at(-1) ?? '', log: log.lines, run: state.run };
  };
  const ended = context().catch((error: unknown): Flight => {
    const sentence = error instanceof Error ? error.message : String(error);
    return { outcome: isRed(error) ? 'refuted' : 'failed', sentence, log: log.lines, run: state.run };
  });
  const late = new AbortController();
  const stuck = async (): Promise<Flight> => {
    const began = performance.now();
    while (performance.now() - began < options.patienceMs && state.failed === null && !late.signal.aborted)
      await sleep(200);
    const sentence = state.failed?.message ?? log.lines.at(-1) ?? '';
    return { outcome: state.failed === null ? 'stuck' : 'failed', sentence, log: log.lines, run: state.run };
  };
  try {
    return await Promise.race([ended, stuck()]);
  } finally {
    late.abort();
    state.ended = true;
    state.following = false;
  }
}

async function inTurns(opened: OpenedRun, atOnce: number, work: (mapping: string) => Promise<unknown>): Promise<void> {
  const left = opened.mappings.map(({ name }) => name);
  const turn = async (): Promise<void> => {
    for (let mapping = left.shift(); mapping !== undefined; mapping = left.shift()) await work(mapping);
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
}

async function copyTable(processes: Processes, ref: RunRef, mapping: string): Promise<void> {
  await processes.call('planBatches', [{ ref, mapping }]);
  for (;;) {
    const { ordinals } = await processes.call('pendingBatches', [{ ref, mapping, limit: comparedTables.length }]);
    if (ordinals.length === 0) return;
    for (const ordinal of ordinals) await processes.call('copyBatch', [{ ref, mapping, ordinal }]);
  }
}

async function prove(processes: Processes, opened: OpenedRun): Promise<void> {
  const { ref } = opened;
  await processes.call('startPhase', [{ ref, phase: 'proof' }]);
  await inTurns(opened, 2, (mapping) => processes.call('proveLive', [{ ref, mapping }]));
  await processes.call('proveReferences', [ref]);
  await processes.call('checkRules', [ref]);
  await processes.call('runSpotChecks', [ref]);
  const verdict = await processes.call('reconcile', [ref]);
  if (!verdict.green)
    throw new ActivityFailed('reconcile', {
      code: 'RED',
      sentence: `${verdict.sentence} ${verdict.problems.join(' ')}`,
    });
  await processes.call('finishPhase', [{ ref, phase: 'proof' }]);
}

/** Proofs that are made again because of what was done to the target meanwhile. */
const maxProofs = 6;

function isStopped(error: unknown): boolean {
  return error instanceof ActivityFailed && error.failure.code === 'RP5402';
}

function isRed(error: unknown): boolean {
  return error instanceof ActivityFailed && error.failure.code === 'RED';
}

/** Looks at the capture until the course ends, as the watch beside a run does. What it cannot do, following says too. */
async function watch(processes: Processes, ref: RunRef, state: { readonly ended: boolean }): Promise<void> {
  while (!state.ended) {
    await processes.call('monitorCapture', [{ ref }], 1).catch(() => undefined);
    for (let rest = 0; rest < 15 && !state.ended; rest += 1) await sleep(100);
  }
}

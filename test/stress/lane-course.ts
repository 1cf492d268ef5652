import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenedRun } from '../../src/contract/activity-types';
import type { Phase, RunRef } from '../../src/contract/run';
import { comparedTables } from './compared-tables';
import { ActivityFailed, type Crew } from './crew';
import type { Flight } from './pilot';

export interface LaneCourseOptions {
  readonly crew: Crew;
  readonly patienceMs: number;
  readonly followMs: number;
  readonly drills: number;
  /** Rounds go on while the rows are proved, which takes several times as long: they take turns. */
  readonly proveWhileFollowing: boolean;
  readonly log: { readonly lines: readonly string[]; readonly say: (line: string) => void };
  /** Whether such a deed was done: then a stop by name, and a proof that is red, are answered by reading everything again. */
  readonly did: (deed: 'DDL on source' | 'DDL on target') => boolean;
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
export async function flyLanes(options: LaneCourseOptions): Promise<Flight> {
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
    await options.crew.call('resyncCapture', [state.ref as RunRef, 'ben', 'stress'], 40);
  };
  // a lane that was stopped by name because of what was done to a table goes on once that was read again
  const crew: Crew = {
    ...options.crew,
    call: async (activity, args, tries) => {
      for (;;) {
        try {
          return (await options.crew.call(activity, args, tries)) as never;
        } catch (error) {
          if (!isStopped(error) || !options.did('DDL on source')) throw error;
          await resync((error as Error).message);
        }
      }
    },
  };
  let background = Promise.resolve();
  const course = async (): Promise<Flight> => {
    const opened = await crew.call('openRun', [{ plan: 'stress', workflowId: 'lanes', executionId: 'lanes' }]);
    const { ref } = opened;
    state.run = ref.run;
    state.ref = ref;
    const phase = async (name: Phase, work: () => Promise<unknown>): Promise<void> => {
      log.say(`phase ${name}`);
      await crew.call('startPhase', [ref, name]);
      await work();
      await crew.call('finishPhase', [ref, name]);
    };
    await phase('discovery', async () => {
      await crew.call('recordCatalogs', [ref]);
      await crew.call('fingerprintTarget', [ref, 'before']);
    });
    await phase('prepare', async () => {
      await crew.call('prepareTarget', [ref]);
      await crew.call('guardTarget', [ref]);
    });
    await phase('capture', () => crew.call('installCapture', [ref]));
    options.captured();
    await phase('copy', () => inTurns(opened, 2, (mapping) => copyTable(crew, ref, mapping)));
    const watching = watch(crew, ref, state);
    const follow = async (): Promise<void> => {
      while (state.following) {
        const before = performance.now();
        await crew.call('runRounds', [ref, { forMs: 1_500, untilCaughtUp: false }]);
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
        await crew.call('openTarget', [ref], 40);
        return true;
      } catch (error) {
        if (!(error instanceof ActivityFailed) || !['RP5451', 'RP5452'].includes(error.failure.code)) throw error;
        return false;
      }
    };
    const caughtUp = async (): Promise<void> => {
      while (!(await crew.call('runRounds', [ref, { forMs: 20_000, untilCaughtUp: true }])).caughtUp) await sleep(50);
    };
    await phase('delta', caughtUp);
    await phase('settle', () => crew.call('settle', [ref]));
    await phase('finish', async () => {
      await crew.call('rebuildIndexes', [ref]);
      await crew.call('rebuildForeignKeys', [ref]);
      await crew.call('advanceSequences', [ref]);
    });
    startFollowing();
    await options.following();
    await sleep(options.followMs);
    for (let drills = options.drills; drills > 0; drills -= 1) {
      const drilled = await alone(() => crew.call('cutOver', [ref, { drill: true, by: 'ben' }]));
      log.say(`drill: ${drilled.outcome} ${drilled.sentence}`);
      startFollowing();
    }
    const proved = async (): Promise<void> => {
      const work = (): Promise<void> => prove(crew, opened);
      for (let tried = 1; ; tried += 1) {
        try {
          await (options.proveWhileFollowing ? work() : alone(work));
          return;
        } catch (error) {
          if (!isRed(error)) throw error;
          // what was done to the target is put right by reading everything again
          if (options.did('DDL on target') && tried < mostProofs) {
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
        const lines = await crew.call('checkCutover', [ref, order]);
        const missing = lines.filter(({ ok }) => !ok);
        if (missing.length > 0)
          return {
            outcome: 'checklist',
            sentence: missing.map(({ name, sentence }) => `${name}: ${sentence}`).join(' '),
          };
        return crew.call('cutOver', [ref, { drill: false, by: 'ben' }]);
      });
      log.say(`cutover: ${result.outcome} ${result.sentence}`);
      if (result.outcome === 'frozen' && (await opens(ref))) break;
      if (options.proveWhileFollowing) startFollowing();
      await proved();
    }
    await options.opened();
    state.ended = true;
    await watching;
    await crew.call('removeCapture', [ref], 40);
    return { outcome: 'complete', sentence: log.lines.at(-1) ?? '', log: log.lines, run: state.run };
  };
  const ended = course().catch((error: unknown): Flight => {
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

async function copyTable(crew: Crew, ref: RunRef, mapping: string): Promise<void> {
  await crew.call('planBatches', [ref, mapping]);
  for (;;) {
    const { ordinals } = await crew.call('pendingBatches', [ref, mapping, comparedTables.length]);
    if (ordinals.length === 0) return;
    for (const ordinal of ordinals) await crew.call('copyBatch', [ref, mapping, ordinal]);
  }
}

async function prove(crew: Crew, opened: OpenedRun): Promise<void> {
  const { ref } = opened;
  await crew.call('startPhase', [ref, 'proof']);
  await inTurns(opened, 2, (mapping) => crew.call('proveLive', [ref, mapping]));
  await crew.call('proveReferences', [ref]);
  await crew.call('checkRules', [ref]);
  await crew.call('runSpotChecks', [ref]);
  const verdict = await crew.call('reconcile', [ref]);
  if (!verdict.green)
    throw new ActivityFailed('reconcile', {
      code: 'RED',
      sentence: `${verdict.sentence} ${verdict.problems.join(' ')}`,
    });
  await crew.call('finishPhase', [ref, 'proof']);
}

/** Proofs that are made again because of what was done to the target meanwhile. */
const mostProofs = 6;

function isStopped(error: unknown): boolean {
  return error instanceof ActivityFailed && error.failure.code === 'RP5402';
}

function isRed(error: unknown): boolean {
  return error instanceof ActivityFailed && error.failure.code === 'RED';
}

/** Looks at the capture until the course ends, as the watch beside a run does. What it cannot do, following says too. */
async function watch(crew: Crew, ref: RunRef, state: { readonly ended: boolean }): Promise<void> {
  while (!state.ended) {
    await crew.call('watchCapture', [ref], 1).catch(() => undefined);
    for (let rest = 0; rest < 15 && !state.ended; rest += 1) await sleep(100);
  }
}

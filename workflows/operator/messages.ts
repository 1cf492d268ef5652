import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ProgressReport, Resolution } from '../../src/contract/batch-copy';
import type { DeltaReport } from '../../src/contract/delta';
import type { RunStatus } from '../../src/contract/run';

/** Operator commands: each takes one JSON object and answers with one sentence. */
export const approveUpdate = defineUpdate<string, [unknown]>('approve');
export const decideUpdate = defineUpdate<string, [unknown]>('decide');
export const resolveUpdate = defineUpdate<string, [unknown]>('resolve');
export const drillUpdate = defineUpdate<string, [unknown]>('drill');
export const abortUpdate = defineUpdate<string, [unknown]>('abort');

export const pauseUpdate = defineUpdate<string, [unknown]>('pause');
export const resumeUpdate = defineUpdate<string, [unknown]>('resume');

/** The same as signals, for whoever sends them so: nobody is answered, and the run never fails of them. */
export const pauseSignal = defineSignal<[unknown]>('pause');
export const resumeSignal = defineSignal<[unknown]>('resume');

export const statusQuery = defineQuery<RunStatus>('status');

/** Between root and children, not for people. */
export const progressSignal = defineSignal<[ProgressReport]>('progress');
export const resolutionSignal = defineSignal<[Resolution]>('resolution');
export const pausedSignal = defineSignal<[boolean]>('paused');
/** Ends a child that follows, once the round under way was given up or committed. */
export const stopSignal = defineSignal('stop');
export const lagQuery = defineQuery<DeltaReport | null>('lag');
export const copyProgressQuery = defineQuery<readonly unknown[]>('tables');

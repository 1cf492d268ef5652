import type { MigrationResult } from '../../contract/run';

export type WatchedEnd =
  | { readonly ok: true; readonly result: MigrationResult }
  | { readonly ok: false; readonly outcome: FailedOutcome; readonly sentence: string };

export type FailedOutcome = 'failed' | 'aborted' | 'rolled_back' | 'cancelled';

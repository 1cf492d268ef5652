import type { StallReport } from '../contract/batch-copy';
import type { CompiledMapping } from '../contract/compiled';
import type { RunRef } from '../contract/run';
import { fail } from '../errors/rowproof-error';
import type { Databases } from '../postgres/databases';
import type { LoadedRun } from '../postgres/ledger/run/run';
import type { Breakable } from './fault-injection';

/** Names and counts of what a piece of work has done so far; never a value of a row. */
export type HeartbeatDetails = Readonly<Record<string, string | number>>;

/**
 * What the engine gets from whoever calls it. A worker gives the signal and the heartbeat of the activity that runs; where they are
 * absent, nothing can cancel the work and nobody listens.
 */
export interface Host extends Breakable {
  readonly databases: Databases;
  /** Where plans and the files of their spot checks are; null or absent where this process has no such folder. */
  readonly plansFolder?: string | null;
  /** The cancellation of the call that is running. */
  readonly signal?: () => AbortSignal | undefined;
  readonly heartbeat?: (details: HeartbeatDetails) => void;
  /** Milliseconds between heartbeats, 2,000 unless given. */
  readonly heartbeatMs?: number;
  /** Says on the page of the run, whose workflow is named, that work does not move, or (sentence null) that it does again. */
  readonly reportStall?: (ref: RunRef, workflowId: string | null, report: StallReport) => Promise<void>;
  /** What the last heartbeat of an earlier attempt of the same call said. */
  readonly lastHeartbeat?: () => unknown;
}

/** A heartbeat that is also a point where a cancelled call ends. */
export function heartbeatOf(host: Host, purpose: string): () => void {
  const signal = host.signal?.();
  return () => {
    signal?.throwIfAborted();
    host.heartbeat?.({ purpose });
  };
}

/** The mapping of a run by name. RP5007 when the run has none of that name. */
export function mappingOf(run: LoadedRun, name: string): CompiledMapping {
  const mapping = run.compiled.mappings.find((one) => one.name === name);
  if (mapping === undefined) throw fail('RP5007', `Run ${run.run} has no mapping ${name}`);
  return mapping;
}

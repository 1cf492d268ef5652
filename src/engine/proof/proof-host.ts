import { Context } from '@temporalio/activity';
import { createHash, createHmac } from 'node:crypto';
import { bindStatement } from '../../compile/statements/bind-statement';
import { withSample } from '../../compile/with-sample';
import type { CompiledMapping } from '../../contract/compiled';
import type { Databases } from '../../postgres/databases';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { restrictKeys } from '../../validate/restrict-keys';
import type { RunRef } from '../../contract/run';
import type { CopyHost } from '../copy/run-lookup';
import { align } from '../follow/align';
import type { Alignment } from '../follow/round-contract';
import type { ActivityHost } from '../../../activities/temporal-host';

/** What the validation stands on; `heartbeat`, `signal` and `lastHeartbeat` default to those of the running activity. */
export interface ValidationHost {
  readonly databases: Databases;
  /** Where plans and the files of their spot checks are; null when this worker has no folder. */
  readonly plansFolder: string | null;
  readonly heartbeat?: CopyHost['heartbeat'];
  readonly signal?: CopyHost['signal'];
  /** What the last heartbeat of an earlier attempt of this activity said. */
  readonly lastHeartbeat?: () => unknown;
  /** Takes two aligned snapshots of a run whose source is followed; `purpose` names the sessions. */
  readonly align?: (host: ActivityHost, ref: RunRef, purpose: string) => Promise<Alignment>;
}

export type ReadyHost = Required<ValidationHost>;

function activityContext(): Context | null {
  try {
    return Context.current();
  } catch {
    // called outside of Temporal, by a test or the CLI
    return null;
  }
}

export function readyHost(host: ValidationHost): ReadyHost {
  return {
    databases: host.databases,
    plansFolder: host.plansFolder,
    heartbeat: host.heartbeat ?? ((details) => activityContext()?.heartbeat(details)),
    signal: host.signal ?? (() => activityContext()?.cancellationSignal),
    align: host.align ?? align,
    lastHeartbeat: host.lastHeartbeat ?? (() => activityContext()?.info.heartbeatDetails),
  };
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

/** Digest of a key for the report: nobody without the run's secret can try keys against it. */
export function keyDigest(run: LoadedRun, mapping: string, key: string): string {
  return createHmac('sha256', run.secret).update(`${mapping}\0${key}`).digest('hex');
}

/** What stands before the digests of large values in the statements of a proof: known to nobody who writes rows. */
export function largeMark(run: LoadedRun): string {
  return createHmac('sha256', run.secret).update('large values').digest('hex');
}

export interface ProofBinding {
  readonly slice?: { readonly index: number; readonly of: number };
  /** Only these source keys. */
  readonly only?: readonly string[];
  /** All but these source keys. */
  readonly except?: readonly string[];
  /** Large values by their digest. */
  readonly large?: string;
}

/** A source statement of the mapping, restricted to the sample of the run when it has one. */
export function sourceStatement(
  run: LoadedRun,
  mapping: CompiledMapping,
  sql: string,
  binding: ProofBinding & Pick<Parameters<typeof bindStatement>[1] & object, 'range' | 'rows'> = {},
): string {
  const restricted = restrictKeys(mapping, sql, binding);
  const sampled = run.options.sample === undefined ? restricted : withSample(restricted, run.options.sample);
  return bindStatement(sampled, {
    key: mapping.key,
    ...(binding.slice === undefined ? {} : { slice: binding.slice }),
    ...(binding.large === undefined ? {} : { large: binding.large }),
    ...(binding.range === undefined ? {} : { range: binding.range }),
    ...(binding.rows === undefined ? {} : { rows: binding.rows }),
  });
}

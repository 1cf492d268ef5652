import type { z } from 'zod';
import type { PlanDocument } from '../../contract/plan-file';
import type { hookDocument } from '../../contract/plan-settings';
import type { rowLimit } from '../../contract/plan-table';
import type { Hook, RowLimit, Settings } from '../../contract/resolved-plan';

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  kB: 2 ** 10,
  KiB: 2 ** 10,
  MB: 2 ** 20,
  MiB: 2 ** 20,
  GB: 2 ** 30,
  GiB: 2 ** 30,
};
const timeUnits: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000 };

function withUnit(
  value: string | number | undefined,
  units: Readonly<Record<string, number>>,
  otherwise: number,
): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  const [, amount, unit] = /^\s*([\d.]+)\s*([A-Za-z]+)\s*$/.exec(value) ?? [];
  return Math.round(Number(amount) * (units[unit ?? ''] ?? 1));
}

/** A length of time of the plan in milliseconds, null when it is not given. */
export function optionalTime(value: string | number | undefined): number | null {
  return value === undefined ? null : withUnit(value, timeUnits, 0);
}

function hook(document: z.infer<typeof hookDocument> | undefined): Hook | null {
  if (document === undefined) return null;
  if (typeof document === 'string') return { http: document, command: null };
  return 'http' in document ? { http: document.http, command: null } : { http: null, command: document.command };
}

function deltaSettings(given: NonNullable<PlanDocument['settings']>['delta']): Settings['delta'] {
  const throttle = given?.throttle ?? {};
  return {
    roundKeys: given?.round_keys ?? 60_000,
    pauseMs: withUnit(given?.pause_between, timeUnits, 500),
    throttle: {
      query: throttle.query ?? null,
      pauseAbove: throttle.pause_above ?? null,
      abortAbove: throttle.abort_above ?? null,
      maxReplicaLagMs: optionalTime(throttle.max_replica_lag),
      abortReplicaLagMs: optionalTime(throttle.abort_replica_lag),
      maxLockWaits: throttle.max_lock_waits ?? null,
      abortLockWaits: throttle.abort_lock_waits ?? null,
    },
  };
}

/** Settings with their defaults: bytes in bytes, times in milliseconds. */
export function settingsOf(document: PlanDocument): Settings {
  const given = document.settings ?? {};
  return {
    ticket: given.ticket ?? null,
    approvers: given.approvers ?? {},
    notify: hook(given.notify),
    gates: [...new Set(given.gates ?? [])],
    onFailure: given.on_failure ?? 'ask',
    batch: {
      rows: given.batch?.rows ?? null,
      bytes: Math.max(1, withUnit(given.batch?.bytes, byteUnits, 32 * 2 ** 20)),
      inFlight: given.batch?.in_flight ?? 4,
    },
    profile: given.profile ?? null,
    proof: {
      sliceRows: given.proof?.slice_rows ?? 5_000_000,
      workMem: given.proof?.work_mem ?? null,
      maxSnapshotAgeMs: withUnit(given.proof?.max_snapshot_age, timeUnits, 600_000),
    },
    pattern: given.pattern ?? ((document.capture ?? 'none') === 'none' ? 'copy' : 'hybrid'),
    capture: {
      maxChangeLogBytes: withUnit(given.capture?.max_change_log, byteUnits, 4 * 2 ** 30),
      maxWalBytes: withUnit(given.capture?.max_wal, byteUnits, 8 * 2 ** 30),
      lockTimeoutMs: withUnit(given.capture?.lock_timeout, timeUnits, 300),
      lockBudgetMs: withUnit(given.capture?.lock_budget, timeUnits, 300_000),
    },
    delta: deltaSettings(given.delta),
    cutover: {
      maxFreezeMs: withUnit(given.cutover?.max_freeze, timeUnits, 5000),
      maxLagMs: withUnit(given.cutover?.max_lag, timeUnits, 5000),
      maxProofAgeMs: withUnit(given.cutover?.max_proof_age, timeUnits, 3_600_000),
      lockTimeoutMs: withUnit(given.cutover?.lock_timeout, timeUnits, 500),
      lockBudgetMs: withUnit(given.cutover?.lock_budget, timeUnits, 120_000),
      confirmSwitch: given.cutover?.confirm_switch ?? false,
      books: given.cutover?.books ?? 'frozen',
    },
    switch: hook(given.switch),
    sequenceMargin: given.sequence_margin ?? 1000,
    stallAfterMs: withUnit(given.stall_after, timeUnits, 300_000),
    lockTimeoutMs: withUnit(given.lock_timeout, timeUnits, 5000),
    statementTimeoutMs: withUnit(given.statement_timeout, timeUnits, 60_000),
  };
}

/** `0.5%`, `100` or `{ rows, percent }`; 0.5 % when nothing is given. */
export function rowLimitOf(document: z.infer<typeof rowLimit> | undefined): RowLimit {
  if (document === undefined) return { rows: null, percent: 0.5 };
  if (typeof document === 'number') return { rows: document, percent: null };
  if (typeof document === 'object') return { rows: document.rows ?? null, percent: document.percent ?? null };
  const text = document.trim();
  return text.endsWith('%')
    ? { rows: null, percent: Number(text.slice(0, -1)) }
    : { rows: Number(text), percent: null };
}

import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import { classByDecisions, fromPlan, type CopyDecision } from '../../copy/decided-findings';
import type { ClassOf } from '../../copy/quarantined-row';
import { fail } from '../../errors/rowproof-error';
import type { Databases } from '../../postgres/databases';
import { readDecisions } from '../../postgres/ledger/decision/copy-decision';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';

/** What the copy activities get from outside; in a worker `signal` and `heartbeat` are those of the activity's context. */
export interface CopyHost {
  readonly databases: Databases;
  /** The cancellation of the activity that is calling, undefined where nothing can cancel it. */
  readonly signal: () => AbortSignal | undefined;
  readonly heartbeat: (details: Readonly<Record<string, string | number>>) => void;
  /** Milliseconds between heartbeats, 2,000 unless given. */
  readonly heartbeatMs?: number;
}

export function mappingOf(run: LoadedRun, name: string): CompiledMapping {
  const mapping = run.compiled.mappings.find((one) => one.name === name);
  if (mapping === undefined) throw fail('RP5007', `Run ${run.run} has no mapping ${name}`);
  return mapping;
}

/** Milliseconds to wait for a lock before its holder is looked at; a takeover must not wait for ever. */
export function lockTimeoutOf(run: LoadedRun): number {
  const { lockTimeoutMs } = run.compiled.plan.settings;
  return lockTimeoutMs > 0 ? lockTimeoutMs : 5_000;
}

/** Operators' decisions, then the plan's: of two that cover a finding equally closely the first counts. */
export async function decisionsOf(session: Session, run: LoadedRun): Promise<CopyDecision[]> {
  return [...(await readDecisions(session, run.run)), ...run.compiled.plan.decisions.map(fromPlan)];
}

export async function classOfFindings(session: Session, run: LoadedRun): Promise<ClassOf> {
  return classByDecisions(await decisionsOf(session, run));
}

/** A short piece of work on one ledger session. */
export async function onLedger<T>(
  host: CopyHost,
  ref: RunRef,
  purpose: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await host.databases.ledger(ref, purpose);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

import type { CaptureReport } from '../../contract/delta';
import type { FindingSummary } from '../../contract/run';
import type { CapturedRelation } from '../../capture/captured-relations';
import type { Problem } from '../../errors/rowproof-error';
import type { Cursor } from '../../postgres/ledger/follow/cursor';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import type { CaptureDetail } from '../../rollback/step-detail';
import type { Breakable } from '../fault-injection';

/** What a capture works with on one source. */
export interface SourceWork extends Breakable {
  readonly run: LoadedRun;
  readonly sourceName: string;
  /** `captureName(run, sourceName)`: what everything on the source is named after. */
  readonly name: string;
  /** A session on the source outside a transaction, without a statement timeout. */
  readonly source: Session;
  /** A session on the target, where the ledger is, outside a transaction. */
  readonly target: Session;
  /** The captured relations of this source only. */
  readonly relations: readonly CapturedRelation[];
  /** Another session on the source; whoever opens it closes it. */
  readonly openSource: (purpose: string) => Promise<Session>;
  /** Heartbeat and cancellation point between two statements. */
  readonly heartbeat: () => void;
}

/** What the conditions of a capture are looked at with: before a run, or by it. */
export interface PreflightWork extends Pick<SourceWork, 'sourceName' | 'source' | 'relations'> {
  readonly run: Pick<LoadedRun, 'compiled'>;
  /** Null before there is a run. */
  readonly name: string | null;
}

/** What is left of it while the target cannot be reached. */
export type LoneWork = Omit<SourceWork, 'target'>;

/** What stands after an install or a repair. */
export interface Installed {
  /** Text of the pg_snapshot taken after everything stood: S0. */
  readonly snapshot: string;
  /** What goes to `cursor.capture`. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface Repaired {
  readonly facts: Readonly<Record<string, unknown>>;
  /** Replaces the cursor's snapshot; null keeps it: all that was captured since then still counts. */
  readonly snapshot: string | null;
  /** Where a new slot begins; null where there is no slot. */
  readonly restartLsn: string | null;
  /** Ids of relations that are read again whole. */
  readonly reread: readonly number[];
}

/** What a round finds out about the capture before it reads. */
export interface CaptureCheck {
  /** Named reason why the apply lease has to stop; null when it may go on. */
  readonly stop: string | null;
  /** Went to the ledger's findings (in the caller's transaction on the target, by `keepFindings`). */
  readonly findings: readonly FindingSummary[];
  /** Replaces `cursor.capture` in the round's transaction; null when nothing changed. */
  readonly capture: Readonly<Record<string, unknown>> | null;
}

/**
 * One way to capture the changes of a source. `install-capture.ts` records the step before `install`, starts the cursor and opens
 * the apply leases after it, and puts what `repair` answers into the ledger in one transaction.
 */
export interface SourceCapture {
  /** What stands in the way, all at once; changes nothing. */
  preflight(work: PreflightWork): Promise<readonly Problem[]>;
  /** Names of all that install creates: recorded before it is created. */
  describe(work: SourceWork): CaptureDetail;
  /** Creates what is missing; takes S0 last, in a fresh transaction. Idempotent, goes on where an attempt died. */
  install(work: SourceWork): Promise<Installed>;
  /** Takes everything away that `detail` names. Idempotent, also half-way and where relations are gone. */
  remove(work: SourceWork, detail: CaptureDetail): Promise<void>;
  /** One look: moves, purges, warns; stops the apply leases by name and raises where a limit is reached. */
  watch(work: SourceWork, cursor: Cursor): Promise<CaptureReport>;
  /** The limits alone, while the ledger cannot be looked into: acts on the source, and leaves there why. */
  monitorAlone(work: LoneWork): Promise<CaptureReport>;
  /** After a stop: recreates and enables what is missing, takes a new fingerprint. */
  repair(work: SourceWork, cursor: Cursor): Promise<Repaired>;
  /**
   * Compares what the capture stands on with `facts`, inside the snapshot of a round. `truncated`: relations whose window holds a
   * whole-table change.
   */
  check(
    work: Pick<SourceWork, 'fault' | 'run' | 'sourceName' | 'name' | 'source' | 'relations'>,
    facts: Readonly<Record<string, unknown>>,
    truncated: readonly number[],
  ): Promise<CaptureCheck>;
}

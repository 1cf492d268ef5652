import type {
  ChecklistLine,
  CutoverOverrides,
  CutoverResult,
  DeltaReport,
  FreezeState,
  MonitorReport,
  Writer,
} from './delta';
import type { LimitReached } from './batch-copy';
import type { CommandRecord } from './command';
import type {
  BlockedBatch,
  DecideMessage,
  FindingSummary,
  MigrationInput,
  Phase,
  RunRef,
  TableReconciliation,
  TableProgress,
} from './run';

/**
 * The activities, as workflows see them: one input object each. Inputs and results are small JSON without row values, key values, urls or
 * secrets; ledger ids only. Each activity is idempotent: it looks into the ledger first and goes on from there.
 */

interface MappingSummary {
  readonly name: string;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
}

export interface OpenedRun {
  readonly ref: RunRef;
  readonly plan: string;
  readonly code: string;
  readonly mappings: readonly MappingSummary[];
  readonly gates: readonly string[];
  readonly approvers: Readonly<Record<string, readonly string[]>>;
  readonly onFailure: 'ask' | 'rollback' | 'keep';
  readonly inFlight: number;
  /** copy: the source is quiet. A run of a part (`only`, `sample`) is always `copy`. */
  readonly pattern: 'copy' | 'hybrid' | 'big_bang';
  readonly capture: 'none' | 'triggers' | 'logical';
  readonly confirmSwitch: boolean;
  /** Limits that screens name, milliseconds. */
  readonly limits: { readonly maxFreezeMs: number; readonly maxProofAgeMs: number };
  /** The verdict stored in the ledger, null before there is one. */
  readonly verdict: Verdict | null;
  /** Phases the ledger already records as finished: a new workflow over the same run skips them. */
  readonly finished: readonly Phase[];
  /** True once preparing the target was started: from then on there is something to undo. */
  readonly begun: boolean;
  /** True when search attributes are registered on this cluster. */
  readonly searchAttributes: boolean;
  /** Tells this run from one of the same name in another ledger. */
  readonly identity: string;
}

export interface RunActivities {
  /** Loads (and, when `run` is absent, opens) the run; records the workflow that drives it. Fails: plan unknown, claim held. */
  openRun(input: MigrationInput & { workflowId: string; executionId: string }): Promise<OpenedRun>;
  startPhase(input: { readonly ref: RunRef; readonly phase: Phase }): Promise<void>;
  finishPhase(input: { readonly ref: RunRef; readonly phase: Phase }): Promise<void>;
  /** Appends one hash-chained event: what a run did or was asked for. `body` holds no row data. */
  recordEvent(input: {
    readonly ref: RunRef;
    readonly kind: string;
    readonly body: Readonly<Record<string, string | number | boolean | null>>;
  }): Promise<void>;
  /** Appends where an operator's command has got to, once for its id and state; an id that is done or refused stays so. */
  recordCommand(input: { readonly ref: RunRef; readonly command: CommandRecord }): Promise<void>;
  closeRun(input: {
    readonly ref: RunRef;
    readonly outcome: 'complete' | 'failed' | 'aborted' | 'rolled_back' | 'checked';
    readonly sentence: string;
  }): Promise<void>;
  /** Calls settings.notify; never fails the run: a failing hook is recorded as an event. */
  notify(input: {
    readonly ref: RunRef;
    readonly kind: 'blocked' | 'gate' | 'done' | 'failed';
    readonly sentence: string;
  }): Promise<void>;
}

export interface DiscoveryActivities {
  /** Reads both catalogs, compares them with what the run compiled, stores them. */
  recordCatalogs(ref: RunRef): Promise<{
    relations: number;
    /** Names of small tables, in groups that are profiled together. */
    together?: string[][];
  }>;
  /** The same as `profileMapping` of each, for small tables. */
  profileMappings(input: {
    readonly ref: RunRef;
    readonly mappings: readonly string[];
  }): Promise<{ rows: number; findings: number }>;
  /** Exact counts and row-level findings of one mapping. */
  profileMapping(input: {
    readonly ref: RunRef;
    readonly mapping: string;
  }): Promise<{ rows: number; findings: number }>;
  /** Unique, foreign key and CHECK rules of the target tried on the transformed source; triggers, scope and other findings. */
  tryTargetRules(ref: RunRef): Promise<{ findings: number }>;
  /** Stores the fingerprint of the target under `moment`; 'before' is taken once and kept. */
  fingerprintTarget(input: { readonly ref: RunRef; readonly moment: 'before' | 'after' }): Promise<{ digest: string }>;
  /** Findings that need a decision and have none that counts: none at all, one to stop, or one without the number that a limit asks for. */
  undecidedFindings(ref: RunRef): Promise<readonly FindingSummary[]>;
  /**
   * Stores the decision for each of `findings` (default: the one that it names) and the event of it in one transaction, once for the id
   * of its command; where it lacks something that the run would only ask for again, it is not stored and `missing` says what.
   */
  decide(input: {
    readonly ref: RunRef;
    readonly message: DecideMessage;
    readonly findings?: readonly string[];
    readonly command?: string;
  }): Promise<{ readonly missing: string | null }>;
}

export interface PrepareActivities {
  /** Claims the target tables, records what will change and drops or disables it. One transaction a step. */
  prepareTarget(ref: RunRef): Promise<{ steps: number }>;
  /** Computes the batch ranges of a mapping once; later calls return what is stored. */
  planBatches(input: { readonly ref: RunRef; readonly mapping: string }): Promise<{ batches: number; rows: number }>;
}

export interface BatchReceipt {
  readonly mapping: string;
  readonly ordinal: number;
  readonly migrated: number;
  readonly quarantined: number;
  readonly outOfScope: number;
  readonly path: 'fast' | 'careful';
  /** Sent to the target. */
  readonly bytes: number;
  /** With it the table has more bad rows than the plan allows. */
  readonly overLimit?: true;
}

/** Ordinals of a mapping that have no receipt, ascending; with books so far of the mapping. */
export interface PendingBatches {
  readonly ordinals: readonly number[];
  readonly batches: number;
  readonly done: number;
  readonly migrated: number;
  readonly quarantined: number;
  readonly outOfScope: number;
}

export interface CopyActivities {
  /** At most `limit` of them. */
  pendingBatches(input: {
    readonly ref: RunRef;
    readonly mapping: string;
    readonly limit: number;
  }): Promise<PendingBatches>;
  copyBatch(input: { readonly ref: RunRef; readonly mapping: string; readonly ordinal: number }): Promise<BatchReceipt>;
  /** Marks a batch blocked with allow-listed facts. */
  blockBatch(input: { readonly ref: RunRef; readonly blocked: BlockedBatch }): Promise<void>;
  /** Puts a whole blocked batch into quarantine by an operator's decision. */
  quarantineBatch(input: {
    readonly ref: RunRef;
    readonly mapping: string;
    readonly ordinal: number;
    readonly by: string;
    readonly reason: string;
  }): Promise<BatchReceipt>;
  /** What to decide where own bad rows of the mapping exceed its limit; null where they do not. */
  checkLimits(input: { readonly ref: RunRef; readonly mapping: string }): Promise<LimitReached | null>;
}

/** What the ledger says of a table once receipts, settling and rounds are added up. */
export type SettledTable = Pick<TableProgress, 'mapping' | 'migrated' | 'quarantined' | 'outOfScope'>;

export interface FinishActivities {
  /** Moves violators of unique and foreign keys to quarantine, to a fixpoint, as adjustments. */
  settle(ref: RunRef): Promise<{ adjusted: number; rounds: number; reconciliation?: readonly SettledTable[] }>;
  rebuildIndexes(ref: RunRef): Promise<{ rebuilt: number }>;
  rebuildForeignKeys(ref: RunRef): Promise<{ rebuilt: number }>;
  restoreTriggers(ref: RunRef): Promise<{ restored: number }>;
  advanceSequences(ref: RunRef): Promise<{ advanced: number }>;
  /** `again`: also the materialized views that were refreshed before. */
  analyzeAndRefresh(input: {
    readonly ref: RunRef;
    readonly again?: boolean;
  }): Promise<{ analyzed: number; refreshed: number }>;
  /** Old id to new id, for mappings whose ids change: what `finish` leaves behind. */
  writeIdMap(ref: RunRef): Promise<{ rows: number }>;
  /** Kinds of quarantined rows that no decision covers yet. */
  undecidedQuarantine(ref: RunRef): Promise<readonly FindingSummary[]>;
}

export interface ProofSummary {
  readonly mapping: string;
  readonly rows: number;
  readonly identical: number;
  readonly decided: number;
  readonly mismatch: number;
  readonly missing: number;
  readonly extraneous: number;
  readonly duplicate: number;
  readonly unverifiable: number;
}

export interface Verdict {
  readonly green: boolean;
  readonly sentence: string;
  readonly reconciliation: readonly TableReconciliation[];
  readonly problems: readonly string[];
  /** Decisions take every problem away: nothing else is in the way. */
  readonly decidable?: true;
}

export interface ValidationActivities {
  proveMapping(input: { readonly ref: RunRef; readonly mapping: string }): Promise<ProofSummary>;
  /** Referential integrity of every foreign key of a mapped table, checked by its own query. */
  proveReferences(ref: RunRef): Promise<{ checked: number; broken: number }>;
  checkRules(ref: RunRef): Promise<{ checked: number; broken: number }>;
  runSpotChecks(ref: RunRef): Promise<{ checked: number; broken: number }>;
  /** Closes the books, compares decisions with their expected effect, stores and returns the verdict. */
  reconcile(ref: RunRef): Promise<Verdict>;
}

export interface RollbackActivities {
  /** Revokes every batch lease, terminating backends that still hold one: nothing of this run can commit afterwards. */
  revokeLeases(ref: RunRef): Promise<{ revoked: number }>;
  /** Ordinals of recorded steps that are not compensated yet, newest first. */
  openSteps(ref: RunRef): Promise<readonly { ordinal: number; kind: string; subject: string }[]>;
  compensate(input: { readonly ref: RunRef; readonly ordinal: number }): Promise<void>;
  /** Compares the fingerprint now with the one before the run; lists what differs (object names only). */
  proveRollback(ref: RunRef): Promise<{
    equal: boolean;
    differences: readonly string[];
    /** What others changed meanwhile. */
    notes: readonly string[];
  }>;
}

export interface CaptureActivities {
  /**
   * Puts the capture in place on every source and then takes S0, which becomes the cursor; opens the apply leases. The intent is a step
   * of the ledger before anything is created, so a rollback finds it. Never makes the application queue longer than the
   * plan's lock timeout at a time. Fails by name: RP53xx.
   */
  installCapture(ref: RunRef): Promise<{ relations: number }>;
  /** Takes everything away again that installCapture created. Idempotent, also where only half of it stands. */
  removeCapture(ref: RunRef): Promise<void>;
  /**
   * One look at the sources: moves what a slot delivered into `pending` and confirms it, purges old changes in bulk, checks the
   * limits. Stops the apply leases by name (and takes triggers or slot away where the source's disk is at stake) when a limit is reached;
   * while the target is away the limits alone are upheld, and the reason is left on the source. `watcher`: whoever began last is the
   * one that goes on; `begin` says so to the others.
   */
  monitorCapture(input: {
    readonly ref: RunRef;
    readonly watcher?: { readonly name: string; readonly begin: boolean };
  }): Promise<MonitorReport>;
  /** After a stop that an operator resolved: repairs the capture, accepts the new fingerprint, reads the named tables again whole. */
  resyncCapture(input: {
    readonly ref: RunRef;
    readonly by: string;
    readonly reason: string;
  }): Promise<{ relations: number }>;
}

export interface DeltaActivities {
  /**
   * Rounds for up to `forMs`, or until caught up when `untilCaughtUp`. Heartbeats. Returns early when the apply lease was taken by an
   * aligned proof or a cutover. Fails (non-retryable, RP54xx) when an apply lease is stopped.
   */
  runRounds(input: {
    readonly ref: RunRef;
    readonly forMs: number;
    readonly untilCaughtUp: boolean;
  }): Promise<DeltaReport>;
}

export interface LiveProofActivities {
  /** Proves one mapping slice by slice on aligned snapshots while rounds go on; differences are confirmed at a second alignment. */
  proveLive(input: { readonly ref: RunRef; readonly mapping: string }): Promise<ProofSummary>;
}

export interface CutoverActivities {
  /** Guard on the target: writes by others are refused until openTarget. A step of the ledger. */
  guardTarget(ref: RunRef): Promise<{ tables: number }>;
  /** big_bang: the source is frozen before the copy, without a deadline. A step of the ledger. */
  freezeSource(input: { readonly ref: RunRef; readonly by: string }): Promise<CutoverResult>;
  /** Every line is recorded as an event. */
  checkCutover(input: {
    readonly ref: RunRef;
    readonly approval: { by: string; reason: string; code: string } | null;
  }): Promise<readonly ChecklistLine[]>;
  /**
   * Barrier, drain, proof of what changed, sequences, then freeze triggers and COMMIT (the point of no return) or, in a drill,
   * ROLLBACK. Every outcome but 'frozen' leaves writers free and the apply leases open. One attempt a call; it answers, it does not throw,
   * where the run can go on. `overrides` count in place of the plan's settings, for this attempt only.
   */
  cutOver(input: {
    readonly ref: RunRef;
    readonly drill: boolean;
    readonly by: string;
    readonly overrides?: CutoverOverrides;
  }): Promise<CutoverResult>;
  /** Looks at the sources and the ledger; changes nothing. */
  freezeState(ref: RunRef): Promise<FreezeState>;
  /** One transaction: forward apply leases closed, guard gone, target open. Idempotent. */
  openTarget(ref: RunRef): Promise<void>;
  /** settings.switch with the idempotency key `<run>:switch`; `called` false without a hook. Raises while it fails. */
  callSwitch(ref: RunRef): Promise<{ called: boolean }>;
  /** Who writes to the sources, or tries to. Recorded as an event under `moment`. */
  listWriters(input: { readonly ref: RunRef; readonly moment: 'before' | 'after' }): Promise<readonly Writer[]>;
}

export type Activities = CaptureActivities &
  DeltaActivities &
  LiveProofActivities &
  CutoverActivities &
  RunActivities &
  DiscoveryActivities &
  PrepareActivities &
  CopyActivities &
  FinishActivities &
  ValidationActivities &
  RollbackActivities;

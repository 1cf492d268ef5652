import type { CompiledMapping } from '../../contract/compiled';
import type { ClassOf } from '../../copy/quarantined-row';
import type { QuarantinedRow } from '../../copy/quarantined-row';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';

/** What reading a round hands to applying it. */

/** What one mapping brings into a round: the source as of the round's snapshot, restricted to the keys that changed. */
export interface Incoming {
  readonly mapping: CompiledMapping;
  /** The whole table is replaced (TRUNCATE, resync): `dirty` is empty and every row of the target counts as changed. */
  readonly whole: boolean;
  /** Each changed source key once, with the target key that this source key has or had; null where it never had one. */
  readonly dirty: readonly { readonly sourceKey: string; readonly targetKey: string | null }[];
  /** Loadable rows: source key, target key, then every loaded column as text. */
  readonly rows: AsyncIterable<readonly (readonly (string | null)[])[]>;
  /** Rows with reasons of their own. */
  readonly rejected: AsyncIterable<readonly QuarantinedRow[]>;
}

/** One round while it is applied: the target transaction is open and holds the apply lease. */
export interface RoundWork {
  readonly run: LoadedRun;
  readonly target: Session;
  /** By source name: sessions in the read-only snapshot of this round. */
  readonly sources: ReadonlyMap<string, Session>;
  /** Number of this round. */
  readonly round: number;
  /** Whether unique keys and foreign keys are upheld (from settle on); before, only the target key is. */
  readonly rulesOn: boolean;
  /** Sources of which the round leaves changes behind that its snapshot sees: then the target has rows that the source has no more. */
  readonly behind: ReadonlySet<string>;
  readonly classOf: ClassOf;
  readonly heartbeat: () => void;
}

/** What a round did to the target. */
export interface Applied {
  readonly written: number;
  readonly deleted: number;
  readonly quarantined: number;
  /** xmin, as text, of every row written. */
  readonly xids: readonly string[];
}

/** Two aligned snapshots: what the target session sees is T(what the source sessions see). Hold them only as long as needed. */
export interface Alignment {
  readonly round: number;
  /** By source name: in REPEATABLE READ READ ONLY transactions. `snapshotId` of pg_export_snapshot, for further sessions. */
  readonly sources: ReadonlyMap<string, { readonly session: Session; readonly snapshotId: string }>;
  readonly target: { readonly session: Session; readonly snapshotId: string };
  /** Ends all its transactions and sessions. */
  close(): Promise<void>;
}

import type { QualifiedName } from '../contract/catalog';

/** What a step of the ledger holds: everything that is needed to put the target back, and nothing about rows. */

export type StepKind =
  | 'capture'
  | 'freeze'
  | 'guard'
  | 'materialized_view'
  | 'sequence'
  | 'triggers'
  | 'foreign_key'
  | 'check'
  | 'index'
  | 'rows_saved'
  | 'rows';

/** 'done' changed and still so, 'restored' put back by the run itself, 'compensated' put back by a rollback. */
export type StepState = 'done' | 'restored' | 'compensated';

export interface MaterializedViewDetail {
  readonly view: QualifiedName;
  readonly populated: boolean;
}

interface SequenceColumn {
  readonly mapping: string;
  readonly relation: QualifiedName;
  readonly column: string;
}

export interface SequenceDetail {
  readonly sequence: QualifiedName;
  readonly lastValue: string;
  readonly isCalled: boolean;
  readonly start: string;
  readonly increment: string;
  readonly min: string;
  readonly max: string;
  readonly cycle: boolean;
  /** Columns outside the mapped tables take their values from it too: it never goes back. */
  readonly shared: boolean;
  /** Integer columns of mapped tables that take their values from it. */
  readonly columns: readonly SequenceColumn[];
}

/** One trigger of one relation of a table's partition tree. */
export interface TriggerState {
  readonly relation: QualifiedName;
  readonly name: string;
  /** pg_trigger.tgenabled. */
  readonly enabled: 'O' | 'D' | 'R' | 'A';
  readonly action: 'fire' | 'disable';
}

export interface TriggersDetail {
  readonly mapping: string;
  readonly relation: QualifiedName;
  /** Roots before partitions: a command that recurses is then overruled by the partition's own. */
  readonly triggers: readonly TriggerState[];
}

export interface ForeignKeyNode {
  readonly relation: QualifiedName;
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
  readonly partitioned: boolean;
  readonly depth: number;
}

export interface ForeignKeyDetail extends ForeignKeyNode {
  /** Mapping that loads the referencing table; null for a table outside the run. */
  readonly mapping: string | null;
  readonly validated: boolean;
  /** False for one that is NOT ENFORCED: it goes and comes back, and nothing is held against it. */
  readonly enforced: boolean;
  readonly columns: readonly string[];
  readonly columnTypes: readonly string[];
  /** Of the referenced columns, with their collation: `text COLLATE public.nocase`. */
  readonly parentTypes: readonly string[];
  readonly parent: QualifiedName;
  readonly parentPartitioned: boolean;
  /** Mapping that loads the referenced table; null for a table outside the run. */
  readonly parentMapping: string | null;
  readonly parentColumns: readonly string[];
  /** Equality of parent column and child column, `OPERATOR(pg_catalog.=)`. */
  readonly operators: readonly string[];
  readonly matchFull: boolean;
  /** Constraints of the partitions that hang on this one, with the names they had. */
  readonly partitions: readonly ForeignKeyNode[];
}

/** A CHECK of a mapped table or of one of its partitions. */
export interface CheckDetail {
  readonly mapping: string;
  readonly finding: string;
  /** It may read tables. */
  readonly reads: boolean;
  readonly relation: QualifiedName;
  readonly name: string;
  readonly definition: string;
  readonly expression: string;
  readonly columns: readonly string[];
  readonly comment: string | null;
  readonly validated: boolean;
}

export interface IndexConstraint {
  readonly name: string;
  readonly definition: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly comment: string | null;
}

export interface IndexNode {
  readonly relation: QualifiedName;
  readonly index: QualifiedName;
  /** Index it is attached to. */
  readonly parent: QualifiedName | null;
  readonly depth: number;
  readonly partitioned: boolean;
  readonly definition: string;
  readonly tablespace: string | null;
  readonly options: readonly string[];
  readonly comment: string | null;
  readonly constraint: IndexConstraint | null;
  readonly clustered: boolean;
  readonly valid: boolean;
  /** pg_class.relreplident of the relation when this index carries it, else null. */
  readonly replicaIdentity: 'd' | 'i' | null;
  readonly statistics: readonly { readonly column: number; readonly target: number }[];
}

export interface IndexDetail {
  readonly mapping: string;
  readonly unique: boolean;
  readonly primary: boolean;
  /** Key expressions with their collation, over the columns of `root.relation`. */
  readonly keyExpressions: readonly string[];
  readonly columns: readonly (string | null)[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  /** One of its relations is part of a publication, so deletes need a replica identity. */
  readonly published: boolean;
  readonly root: IndexNode;
  readonly partitions: readonly IndexNode[];
}

export interface RowsSavedDetail {
  readonly mapping: string;
  readonly relation: QualifiedName;
  readonly saved: QualifiedName;
  readonly rows: string;
  /** Columns to write back, generated ones left out. */
  readonly columns: readonly string[];
}

export interface RowsDetail {
  readonly mapping: string;
  readonly relation: QualifiedName;
  /** Its partitions at all levels: one that others detach takes rows of the run with it. */
  readonly partitions: readonly QualifiedName[];
  /** Indexes that stayed in place during the load, and why. */
  readonly kept: readonly { readonly index: QualifiedName; readonly why: string }[];
}

/** What stands on one source for a run; names only. Recorded before it is created. */
export interface CaptureDetail {
  readonly source: string;
  readonly kind: 'triggers' | 'logical';
  /** Change table, functions, triggers; or publication and slot. */
  readonly objects: Readonly<Record<string, string>>;
  readonly relations: readonly QualifiedName[];
}

/** Triggers that refuse writes to mapped relations of one source. Recorded before they are created. */
export interface FreezeDetail {
  readonly source: string;
  readonly trigger: string;
  readonly relations: readonly QualifiedName[];
}

/** Triggers that refuse writes of others to the target tables until it is opened. */
interface GuardDetail {
  readonly trigger: string;
  readonly relations: readonly QualifiedName[];
}

export interface StepDetails {
  readonly capture: CaptureDetail;
  readonly freeze: FreezeDetail;
  readonly guard: GuardDetail;
  readonly materialized_view: MaterializedViewDetail;
  readonly sequence: SequenceDetail;
  readonly triggers: TriggersDetail;
  readonly foreign_key: ForeignKeyDetail;
  readonly check: CheckDetail;
  readonly index: IndexDetail;
  readonly rows_saved: RowsSavedDetail;
  readonly rows: RowsDetail;
}

export interface Step<Kind extends StepKind = StepKind> {
  readonly ordinal: number;
  readonly kind: Kind;
  readonly subject: string;
  readonly detail: StepDetails[Kind];
  readonly state: StepState;
}

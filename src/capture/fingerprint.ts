import type { QualifiedName } from '../contract/catalog';

/** What the capture of one source stands on, as one snapshot of it saw it. Plain JSON: kept in the ledger's cursor. */
export interface CaptureFingerprint {
  /** Oid and file of the change table, empty once it is gone; null where the capture has none (logical). */
  readonly changeTable: string | null;
  /** System identifier (where it may be read) and timeline: another one after a restore or a failover. With an unlogged table its start, too. */
  readonly server: string;
  readonly relations: readonly RelationFacts[];
  /** Tables in the schemas that are mapped from, partitions left out, as `schema.table`. */
  readonly tables: readonly string[];
}

export interface RelationFacts {
  readonly relation: QualifiedName;
  /** Captured relations (their ids) on this table. */
  readonly ids: readonly number[];
  /** pg_class.relkind; null when it is gone. */
  readonly kind: string | null;
  readonly oid: string | null;
  /** Whether policies apply to the role that reads. */
  readonly rowSecurity: boolean;
  readonly columns: readonly ColumnFacts[];
  readonly tree: readonly NodeFacts[];
  readonly triggers: readonly TriggerFacts[];
}

export interface ColumnFacts {
  readonly name: string;
  readonly number: number;
  /** Type, modifier and, where a composite type is part of it, the attributes of that. */
  readonly type: string;
  /** Labels of every enum that is part of the type, each with its oid: one that is renamed changes rows that nobody touched. */
  readonly labels: readonly string[] | null;
  readonly notNull: boolean;
  /** pg_attribute.attgenerated with a digest of the expression. */
  readonly generated: string;
  readonly collation: string;
}

export interface NodeFacts {
  readonly name: string;
  readonly oid: string;
  readonly kind: string;
  readonly relfilenode: string;
  readonly parents: readonly string[];
  /** Rows of pg_inherits, with the transactions that wrote them. */
  readonly links: readonly string[];
}

export interface TriggerFacts {
  /** `"schema"."table"` it is on. */
  readonly on: string;
  readonly name: string;
  readonly enabled: string;
  /** Over the definitions of trigger and function, and which transactions last changed them. */
  readonly digest: string;
}

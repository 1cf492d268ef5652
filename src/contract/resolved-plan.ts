import type { QualifiedName } from './catalog';

/** A plan after parsing, defaults and table patterns: what everything later works from. Plain JSON. */

/** Any JSON value: arguments of a transform. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One step of a pipeline, e.g. `{ name: 'map', args: { A: 'active' } }`; a step without arguments has `args: null`. */
export interface StepSpec {
  readonly name: string;
  readonly args: Json;
}

/** How to reach a database. Values stay references (`${NAME}`, file names) until the moment of connecting. */
export interface ConnectionSpec {
  /** Template such as `${CRM_URL}`; null means PG* environment variables. Never contains a literal password. */
  readonly url: string | null;
  /** File that holds the url, re-read at each connect. */
  readonly urlFile: string | null;
  /** File that holds the password or token, re-read at each connect. */
  readonly passwordFile: string | null;
  /** Prefix of a PG* family, e.g. `LEGACY_` reads LEGACY_PGHOST, LEGACY_PGUSER …; '' reads PGHOST …. */
  readonly envPrefix: string | null;
  readonly tls: {
    readonly mode: 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full' | null;
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
  };
  /** Target only: schemas in which functions of the target look up bare names; null or absent: as role and database have it. */
  readonly searchPath?: readonly string[] | null;
}

export interface ColumnPlan {
  readonly target: string;
  /** Source columns read; empty for a constant or an SQL expression. */
  readonly from: readonly string[];
  /** Present for a constant (text or null). */
  readonly constant?: string | null;
  /** Present for the user's own SQL expression over the source row. */
  readonly sql?: string;
  readonly steps: readonly StepSpec[];
  /** Target table (mapping name or schema.table) whose id this column follows. */
  readonly ref?: string;
  /** What a row becomes whose parent is out of scope. */
  readonly parentOutOfScope: 'out_of_scope' | 'quarantine';
}

export type IdPlan =
  | { readonly kind: 'keep'; readonly from: readonly string[]; readonly column: string | null }
  | { readonly kind: 'offset'; readonly from: readonly string[]; readonly by: string; readonly column: string | null }
  | { readonly kind: 'uuid_from'; readonly from: readonly string[]; readonly column: string | null };

/** A limit of bad rows: at most `rows` when set, at most `percent` (0-100) of the source rows when set. */
export interface RowLimit {
  readonly rows: number | null;
  readonly percent: number | null;
}

export interface MappingPlan {
  /** Short name, unique in the plan, used in finding ids and messages: the table name, or schema_table when two share it. */
  readonly name: string;
  readonly target: QualifiedName;
  /** Name of the source connection. */
  readonly source: string;
  readonly from: QualifiedName;
  /** Declared source key; null means the primary key, else a NOT NULL unique key. */
  readonly key: readonly string[] | null;
  readonly where: string | null;
  /** Rows of inheritance children are not read. */
  readonly only: boolean;
  readonly id: IdPlan | null;
  readonly columns: readonly ColumnPlan[];
  readonly ignore: readonly string[];
  readonly whenNotEmpty: 'refuse' | 'replace';
  readonly onBadRow: 'quarantine' | 'stop';
  readonly maxBadRows: RowLimit;
  readonly unmappedSourceColumns: 'error' | 'warn' | 'ignore';
  /** Foreign keys of the target that are NOT VALID come back validated; absent: as they were. */
  readonly validate?: true;
  /** Rules per target column, e.g. `{ email: [{ name: 'unique', args: null }] }`. */
  readonly rules: Readonly<Record<string, readonly StepSpec[]>>;
}

export interface DecisionPlan {
  /** Finding id, or a pattern with `*`. */
  readonly finding: string;
  readonly do: 'quarantine' | 'out_of_scope' | 'accept' | 'fire' | 'disable' | 'stop';
  readonly expect: { readonly rows: number; readonly tolerance: number } | null;
  readonly because: string;
  readonly by: string;
}

export interface SpotCheckPlan {
  readonly name: string;
  readonly mapping: string;
  /** File with the keys and expected values, relative to the plan file; never part of the plan or the ledger. */
  readonly file: string;
}

export interface Hook {
  readonly http: string | null;
  readonly command: readonly string[] | null;
}

/** Everything outside the digest: tuning, people, hooks. */
export interface Settings {
  readonly ticket: string | null;
  readonly approvers: Readonly<Record<string, readonly string[]>>;
  readonly notify: Hook | null;
  /** Gates that wait for `approve`. `copy` is before the first write to the target. */
  readonly gates: readonly 'copy'[];
  /** What happens after an abort or a failure: ask the operator, roll back, or keep what is there. */
  readonly onFailure: 'ask' | 'rollback' | 'keep';
  readonly batch: { readonly rows: number | null; readonly bytes: number; readonly inFlight: number };
  /** full: discovery stores statistics of columns. Null: only what findings and decisions need. */
  readonly profile: 'full' | null;
  readonly proof: { readonly sliceRows: number; readonly workMem: string | null; readonly maxSnapshotAgeMs: number };
  /** copy: the source is quiet. hybrid: copy, follow, short cutover. big_bang: freeze the source first. */
  readonly pattern: 'copy' | 'hybrid' | 'big_bang';
  readonly capture: {
    readonly maxChangeLogBytes: number;
    readonly maxWalBytes: number;
    readonly lockTimeoutMs: number;
    readonly lockBudgetMs: number;
  };
  readonly delta: {
    readonly roundKeys: number;
    readonly pauseMs: number;
    readonly throttle: {
      readonly query: string | null;
      readonly pauseAbove: number | null;
      readonly abortAbove: number | null;
      readonly maxReplicaLagMs: number | null;
      readonly abortReplicaLagMs: number | null;
      readonly maxLockWaits: number | null;
      readonly abortLockWaits: number | null;
    };
  };
  readonly cutover: {
    readonly maxFreezeMs: number;
    readonly maxLagMs: number;
    readonly maxProofAgeMs: number;
    readonly lockTimeoutMs: number;
    readonly lockBudgetMs: number;
    readonly confirmSwitch: boolean;
    /** Where the counts come from that close the books before the freeze commits. */
    readonly books: 'frozen' | 'aligned';
  };
  readonly switch: Hook | null;
  readonly sequenceMargin: number;
  readonly stallAfterMs: number;
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

export interface ResolvedPlan {
  readonly version: 1;
  readonly name: string;
  readonly sources: Readonly<Record<string, ConnectionSpec>>;
  readonly target: ConnectionSpec;
  readonly capture: 'none' | 'triggers' | 'logical' | 'timestamp';
  readonly mappings: readonly MappingPlan[];
  readonly decisions: readonly DecisionPlan[];
  readonly spotChecks: readonly SpotCheckPlan[];
  readonly unmappedSourceTables: 'error' | 'warn' | 'ignore';
  readonly ignoreSourceTables: readonly string[];
  readonly settings: Settings;
}

import type { ColumnType, QualifiedName } from './catalog';
import type { ColumnPlan, IdPlan, ResolvedPlan, RowLimit, StepSpec } from './resolved-plan';

/**
 * What a plan becomes once both catalogs are known: stored in the ledger when a run opens and executed from there, so
 * neither an edited plan file nor a newer engine changes a run under way. Plain JSON.
 */

/** How two keys are ordered and compared while two streams are merged. */
export type KeyOrder = 'integer' | 'uuid' | 'bytes';

export interface KeyColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly order: KeyOrder;
}

/**
 * The last stage of a column: from text (or, for an identity column, from the source type) to the target type. The kinds
 * are the registry of `src/transform/cast`.
 */
export interface CastSpec {
  readonly kind: string;
  /** True when the SQL side can raise instead of giving a reason: those values are found by the careful path. */
  readonly raising: boolean;
  readonly sourceType: string | null;
  readonly target: ColumnType;
  /** The source counts the characters of a text by bytes. */
  readonly countsBytes?: boolean;
  /** The source spells the value although only the target knows whether it takes it: rows are ordered or found by it. */
  readonly atSource?: boolean;
}

/** How the target is asked about the values of a column that the compiled cast cannot judge. */
export interface ValueTrial {
  /** The column's type with its modifiers and domains: what a value becomes when it is stored. */
  readonly stored: string;
  /** The type without them: the value that was read. Null where there are none. */
  readonly read: string | null;
  /** Statements that create what `read` needs, in pg_temp. */
  readonly types: readonly string[];
  /** Equal values may print otherwise (numeric scale, padding): compared by `=` instead of by text. */
  readonly byValue: boolean;
  /** COPY would round or cut without an error, so every row goes the careful path. */
  readonly silent: boolean;
  /** Kind of the reason of a text that the type does not read: cast_inet. */
  readonly unreadable: string;
  /** Kind of the reason of a value that would be stored as another. */
  readonly altered: 'precision' | 'too_long';
}

export interface CompiledColumn extends ColumnPlan {
  readonly type: ColumnType;
  /** Collation as SQL, where it is not the type's own. */
  readonly collate?: string;
  readonly notNull: boolean;
  readonly identity: '' | 'always' | 'by default';
  readonly cast: CastSpec;
  /** Absent where the compiled cast says all there is to say. */
  readonly trial?: ValueTrial;
  /** Type names of `from`, same order. */
  readonly inputTypes: readonly string[];
  /** Set when the column follows another mapping's id. */
  readonly follows: { readonly mapping: string; readonly id: IdPlan; readonly keyType: string } | null;
  /** Set for the column that carries this mapping's new id. */
  readonly id: IdPlan | null;
  /** For `uuid_from` ids, own or followed: the namespace that is hashed with the parts. */
  readonly namespace?: string;
  /** For a column that follows a computed id: how each value of `from` becomes a value of the parent's key column. */
  readonly keyCasts?: readonly CastSpec[];
  /** 'independent' when TypeScript recomputes it, 're-executed' for the user's own SQL. */
  readonly proof: 'independent' | 're-executed';
}

/** A source column, or an expression of the user, that TypeScript reads as text. */
interface RawColumn {
  readonly name: string;
  readonly type: string;
  readonly sql: boolean;
  /** Some texts cannot be sent: what can be begins with `T`, and `B` alone stands for what cannot. */
  readonly marked?: boolean;
}

/** Why a row cannot be migrated. `index` is what SQL returns; `finding` is the id that a decision names. */
export interface ReasonSpec {
  readonly index: number;
  readonly column: string;
  /** bad_date, unknown_value, cast_integer, out_of_range, not_null, too_long, precision, scale, enum, … */
  readonly kind: string;
  /** Name of the step that failed, `cast`, or `target` for a rule of the target. */
  readonly transform: string;
  readonly finding: string;
  /** For a CHECK that the source evaluates itself: its name on the target. */
  readonly check?: string;
  /** Where only SQL gives the reason: the SQLSTATE with which a server would refuse the row. */
  readonly sqlstate?: string;
}

export interface UniqueSpec {
  readonly name: string;
  readonly primary: boolean;
  readonly columns: readonly string[];
  /** SQL over the target's columns, one an index key. */
  readonly expressions: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  /** All columns it reads are loaded or generated, so that it can be tried before the load. */
  readonly finding: string;
  /** A constraint of the source holds it for every row that the mapping gives; never evidence, but no trial is needed. */
  readonly already?: boolean;
  /** Source. Key texts of rows that share the key with another, as many as are listed and one; absent where only the target can tell. */
  readonly onSource?: string;
}

export interface ReferenceSpec {
  readonly constraint: string;
  readonly columns: readonly string[];
  readonly parent: QualifiedName;
  readonly parentColumns: readonly string[];
  /** Equality of each pair, the parent's column on the left: that of their types, wherever it is. */
  readonly operators?: readonly string[];
  /** Mapping that loads the parent, null when the parent is a table outside the plan. */
  readonly parentMapping: string | null;
  readonly parentOutOfScope: 'out_of_scope' | 'quarantine';
  readonly matchFull: boolean;
  /** `<mapping>.<column>.orphan`. */
  readonly finding: string;
  /** A constraint of the source holds it for every row that the mapping gives, if all rows of the parent's table are migrated; never evidence, but no trial is needed. */
  readonly already?: boolean;
  /** Source. Key texts of rows that have no parent in scope, as many as are listed and one; absent where only the target can tell. */
  readonly onSource?: string;
  /** Source. The same of rows that refer to one of $1, a JSON array of arrays of texts. */
  readonly children?: string;
}

/** A CHECK of the target table, or of the domain of one of its columns. */
export interface CheckSpec {
  readonly name: string;
  readonly columns: readonly string[];
  /** SQL over the target's columns; of a domain, over VALUE, which stands for its one column. */
  readonly expression: string;
  readonly ofDomain: boolean;
  /** Index of the reason that rows which break it have on the source; null where only the target can evaluate it. */
  readonly reason: number | null;
  readonly finding: string;
}

/**
 * SQL texts of one mapping, each to be run through `bindStatement`, which binds the tokens in double braces: {{range}} a predicate over the source
 * key, {{slice}} a predicate over the target key, {{limit}} a row count, {{rows}} a batch size. Columns marked "key" are
 * the canonical key text of `contract/key.ts`.
 */
export interface MappingStatements {
  /** Source. Loaded columns in order, typed for the wire, for rows in {{range}} that are in scope and have no reason; ordered by source key. For COPY (…) TO STDOUT. */
  readonly load: string;
  /** Source. key text, reasons int[] (indexes into `reasons`), refs text (JSON object: value text per column in `referencedColumns`, null where it cannot be computed; null where there are none) for in-scope rows with a reason in {{range}}. */
  readonly rejected: string;
  /**
   * Source. One pass over in-scope rows in {{range}}: what text, index int, rows bigint. `rows`: all of them; `rejected`: with at least one
   * reason; `reason`: with the reason of that index (a row may count under several); `dropped`: with that part of `droppedParts`. Without
   * what no row has, but for `rows`.
   */
  readonly counts: string;
  /** Source. total, out_of_scope, scope_unknown (where is NULL; part of out_of_scope) as bigint over {{range}}. */
  readonly scopeCounts: string;
  /** Source. key text, then every column of `rawColumns` as text, for in-scope rows in {{range}}; ordered by source key. For COPY text. */
  readonly raw: string;
  /** As `raw`, all rows, in the order of the target key (`proofOrder`), restricted by {{slice}}. Without a target key: with the key text of the contents as one more column, in its order. */
  readonly rawInProofOrder: string;
  /** Target. target key columns as text, then every loaded column as text, in the order of the target key, restricted by {{slice}}. For COPY text. Without a target key: first the key text of the contents. */
  readonly actualInProofOrder: string;
  /** Source. key text, target key text, then every loaded column as text as SQL computes it, for loadable rows in {{range}}. For COPY text. */
  readonly expected: string;
  /** Source. key text, target key text, then the columns and rows of `load`. For COPY (…) TO STDOUT. */
  readonly staged: string;
  /** Target. target key text and every loaded column as text where the target key text = ANY($1::text[]). */
  readonly actualByKey: string;
  /** Source. The key columns as text of every {{rows}}-th row in key order: the upper bounds of batches. */
  readonly boundaries: string;
  /** Source. null_keys, duplicates as bigint over {{range}}: rows whose key has a NULL, and rows that share their key with an earlier one. */
  readonly keyCheck: string;
  /** Source. rows as bigint over {{range}} whose key the source cannot send; empty where there can be none. */
  readonly unsendableKeys: string;
  /** Source. key text, class text (ok | rejected | out_of_scope), then every column in `trialColumns` as text (null unless it can be computed); all rows. For COPY text. */
  readonly trial: string;
  /** Source. key text, target key text of loadable rows (in scope, no reason) whose target key text = ANY($1::text[]), in source key order. */
  readonly keysOfTargets: string;
  /** Source. key text, refs text (as in `rejected`) of every row out of scope (or outside the sample); at most {{limit}}. For COPY text. */
  readonly outOfScopeRefs: string;
  /** Source. key text and the expressions of {{columns}} over the relation itself, for key text = ANY($1::text[]). */
  readonly originals: string;
  /** Source. key text, raw columns as text, loaded columns as text, reasons int[], for {{limit}} rows. */
  readonly preview: string;
}

export interface CompiledMapping {
  readonly name: string;
  readonly source: string;
  readonly from: QualifiedName;
  readonly target: QualifiedName;
  /** Server encoding of the source: it decides the repertoire of trim, lower and upper. */
  readonly encoding: string;
  /** Server encoding of the target, where it is not UTF8. */
  readonly targetEncoding?: string;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  /** Where the source has no key: the place of a row, `ctid`, or `tableoid` and `ctid` of a partitioned table. */
  readonly key: readonly KeyColumn[];
  /** True when a constraint of the source guarantees that the key is unique; else `statements.keyCheck` has to count. */
  readonly keyProven: boolean;
  /** Primary key of the target (or its first NOT NULL unique key): the identity of a target row. Empty: rows are compared by their contents, each as often as it occurs. */
  readonly targetKey: readonly KeyColumn[];
  /** True when the target key is an injective function of the source key, so that two source rows never share it. */
  readonly targetKeyInjective: boolean;
  readonly where: string | null;
  /** Rows of inheritance children are not read. */
  readonly only: boolean;
  readonly id: IdPlan | null;
  /** Loaded columns in COPY order. */
  readonly columns: readonly CompiledColumn[];
  /** Source columns (quoted SQL for re-executed expressions included) read as text for TypeScript, in order. */
  readonly rawColumns: readonly RawColumn[];
  readonly reasons: readonly ReasonSpec[];
  readonly uniques: readonly UniqueSpec[];
  readonly references: readonly ReferenceSpec[];
  readonly checks: readonly CheckSpec[];
  /** Target columns that foreign keys of mapped tables point to, and those of the target key that refer to others: what quarantine keeps of a row. */
  readonly referencedColumns: readonly string[];
  /** Target columns that unique indexes, foreign keys (either side) or CHECKs read. */
  readonly trialColumns: readonly string[];
  readonly copyFormat: 'binary' | 'text';
  readonly whenNotEmpty: 'refuse' | 'replace';
  readonly onBadRow: 'quarantine' | 'stop';
  readonly maxBadRows: RowLimit;
  readonly rules: Readonly<Record<string, readonly StepSpec[]>>;
  readonly statements: MappingStatements;
}

/** A sequence of the target and those of the sources that it must stand past. */
export interface CompiledSequence {
  readonly sequence: QualifiedName;
  readonly cycle: boolean;
  readonly sources: readonly { readonly source: string; readonly sequence: QualifiedName }[];
}

/** A sequence that the run does not move, and why. `side`: `target`, or the name of a source. */
export interface SequenceLeft {
  readonly sequence: QualifiedName;
  readonly side: string;
  readonly why: 'unmatched' | 'not_permitted';
  readonly finding: string;
}

/** A CHECK of a mapped table, or of a partition of one, that is set aside for the load and validated at the end. */
export interface CheckAside {
  readonly mapping: string;
  readonly relation: QualifiedName;
  readonly name: string;
  /** It may read tables, so that before the load it would say nothing. */
  readonly reads: boolean;
  readonly finding: string;
}

/**
 * Version of what the compiler gives: it goes up when the same plan and catalogs compile to something else, in shape or in statements, and
 * `src/compile/bring-forward.ts` gets a step. Part of the plan digest, so that rehearsals are void exactly then.
 */
export const compiledFormat = 1;

export interface CompiledPlan {
  /** `compiledFormat` of the version that compiled it. */
  readonly format: number;
  readonly plan: ResolvedPlan;
  /** SHA-256 hex over what can change a row, the custom code and `format`. */
  readonly digest: string;
  /** First eight hex digits as people type them: `7f3a-91c2`. */
  readonly code: string;
  readonly engine: string;
  readonly mappings: readonly CompiledMapping[];
  readonly sequences: readonly CompiledSequence[];
  readonly sequencesLeft: readonly SequenceLeft[];
  readonly checksAside: readonly CheckAside[];
}

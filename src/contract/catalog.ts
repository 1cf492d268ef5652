/** What rowproof knows about one database, as plain JSON: read once by `src/postgres/catalog`, stored in the ledger. */

export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

export interface ServerFacts {
  /** `server_version_num`, e.g. 150018. */
  readonly versionNum: number;
  readonly database: string;
  /** Server encoding: UTF8, LATIN1, WIN1252, SQL_ASCII, … */
  readonly encoding: string;
  readonly collate: string;
  readonly user: string;
  readonly isSuperuser: boolean;
  readonly isStandby: boolean;
  readonly systemIdentifier: string | null;
  /** Whether the role may keep what fails out of the server's log. */
  readonly maySilenceLog?: boolean;
}

/** What a type is made of, domains taken away, as deep as it goes. */
export interface TypeShape {
  readonly kind: 'base' | 'enum' | 'array' | 'composite' | 'range' | 'multirange';
  /** Name to cast to, without a modifier. */
  readonly name: string;
  /** pg_type typmod, -1 when there is none. */
  readonly typmod: number;
  /** A domain stands here: its name, or its CHECK or NOT NULL, is not part of the shape. */
  readonly domain: boolean;
  /** Of an array, range or multirange. */
  readonly element: TypeShape | null;
  /** Of a composite, in order. */
  readonly fields: readonly { readonly name: string; readonly type: TypeShape }[];
  /** Of an enum, in order. */
  readonly labels: readonly string[];
}

export interface ColumnType {
  /** Name to cast to, without typmod: `pg_catalog.format_type(base, null)` of the type itself, e.g. `numeric`, `crm.status`. */
  readonly name: string;
  /** Schema of the type. `pg_catalog` for built-in types. */
  readonly schema: string;
  readonly oid: number;
  /** pg_type.typtype: b base, e enum, d domain, c composite, r range, m multirange. */
  readonly kind: 'base' | 'enum' | 'domain' | 'composite' | 'range';
  /** For an array: the element type's name. */
  readonly element: string | null;
  /** For a domain: the built-in base type's name; its constraints are in `Catalog.domains`. */
  readonly base: string | null;
  /** For an enum: its labels in order. */
  readonly labels: readonly string[] | null;
  /** varchar(n), char(n), bit(n): n. */
  readonly length: number | null;
  /** numeric(p,s). */
  readonly precision: number | null;
  readonly scale: number | null;
  /** timestamp(p), time(p): p, null when unset. */
  readonly fraction: number | null;
  /** Of an interval that keeps some fields only: their bits in the typmod. */
  readonly fields?: number;
  /** The type as the column declares it, `numeric(4,1)[]`; absent where that is its name. */
  readonly declared?: string;
  /** Absent for a type of pg_catalog that is made of nothing else. */
  readonly shape?: TypeShape;
  /** A domain in it has a CHECK or NOT NULL: the server alone knows which values it takes. */
  readonly checked?: boolean;
}

export interface Column {
  readonly name: string;
  readonly ordinal: number;
  readonly type: ColumnType;
  readonly notNull: boolean;
  readonly hasDefault: boolean;
  /** '' none, 'always' | 'by default' for GENERATED … AS IDENTITY. */
  readonly identity: '' | 'always' | 'by default';
  /** GENERATED ALWAYS AS (…) STORED: never written. */
  readonly generated: boolean;
  /** Collation name when it is not the type's default, else null. */
  readonly collation: string | null;
  /** The same as SQL, with its schema. */
  readonly collate?: string;
  /** True when the collation is nondeterministic (ICU): equality is then not byte equality. */
  readonly nondeterministic: boolean;
  /** Sequence that this column owns or draws its default from. */
  readonly sequence: QualifiedName | null;
  readonly averageWidth: number | null;
  /** The role may read it. */
  readonly readable: boolean;
}

export interface KeyConstraint {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly name: string;
  readonly columns: readonly string[];
  readonly references: QualifiedName;
  readonly referencedColumns: readonly string[];
  readonly definition: string;
  readonly matchFull: boolean;
  readonly validated: boolean;
  /** Equality of each pair, the referenced column on the left: `OPERATOR(public.=)`. */
  readonly operators?: readonly string[];
}

export interface CheckConstraint {
  readonly name: string;
  readonly columns: readonly string[];
  /** The expression alone, `pg_get_expr`. */
  readonly expression: string;
  readonly validated: boolean;
}

export interface Index {
  readonly name: string;
  readonly unique: boolean;
  readonly primary: boolean;
  /** Owned by a constraint of this name (unique, primary, exclusion). */
  readonly constraint: string | null;
  readonly exclusion: boolean;
  /** Plain key columns; null entry where the key is an expression. */
  readonly columns: readonly (string | null)[];
  /** Key expressions in order, as SQL text over the target's columns (plain columns included, quoted). */
  readonly keyExpressions: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  readonly valid: boolean;
  readonly definition: string;
}

export interface Trigger {
  readonly name: string;
  /** pg_trigger.tgenabled: O origin, D disabled, R replica, A always. */
  readonly enabled: 'O' | 'D' | 'R' | 'A';
  readonly definition: string;
}

export interface Relation extends QualifiedName {
  readonly kind: 'table' | 'partitioned' | 'view' | 'materialized view' | 'foreign table';
  readonly owner: string;
  /** True when the connected role owns it directly or through membership. */
  readonly owned: boolean;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly columns: readonly Column[];
  readonly primaryKey: KeyConstraint | null;
  /** Unique constraints and unique indexes without predicate or expression, NOT NULL or not. */
  readonly uniques: readonly KeyConstraint[];
  readonly checks: readonly CheckConstraint[];
  readonly foreignKeys: readonly ForeignKey[];
  readonly indexes: readonly Index[];
  readonly triggers: readonly Trigger[];
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  /** Direct parent when this is a partition. */
  readonly partitionOf: QualifiedName | null;
  /** True when it takes part in old-style inheritance (has children that are not partitions). */
  readonly inherited: boolean;
  /** Direct parents of old-style inheritance. */
  readonly inherits: readonly QualifiedName[];
  readonly privileges: {
    readonly select: boolean;
    readonly insert: boolean;
    readonly update: boolean;
    readonly delete: boolean;
    readonly truncate: boolean;
  };
}

export interface Domain extends QualifiedName {
  readonly base: string;
  readonly notNull: boolean;
  readonly checks: readonly { readonly name: string; readonly expression: string }[];
}

/** A CHECK of a table or domain, or a generated column, that calls a function which may look at other rows. */
export interface FunctionCall {
  readonly kind: 'check' | 'domain' | 'generated';
  readonly schema: string;
  /** Table or domain. */
  readonly relation: string;
  /** Constraint or column. */
  readonly name: string;
  /** `schema.name`. */
  readonly function: string;
  /** It names a table, or cannot be looked into; else it is only not IMMUTABLE. */
  readonly reads: boolean;
}

export interface Sequence extends QualifiedName {
  readonly cycle: boolean;
  /** The role may read its position, set it. */
  readonly readable: boolean;
  readonly settable: boolean;
}

export interface Catalog {
  readonly server: ServerFacts;
  /** Every table, partitioned table, view, materialized view and foreign table outside system schemas and schema rowproof. */
  readonly relations: readonly Relation[];
  readonly domains: readonly Domain[];
  /** Functions outside system schemas that are not IMMUTABLE, each name once. */
  readonly mutableFunctions: readonly QualifiedName[];
  readonly sequences: readonly Sequence[];
  readonly calls: readonly FunctionCall[];
  readonly schemas: readonly { readonly name: string; readonly usage: boolean; readonly create: boolean }[];
  /** Large objects present (pg_largeobject_metadata count). */
  readonly largeObjects: number;
  readonly preparedTransactions: number;
}

import type { QualifiedName } from '../contract/catalog';
import type { KeyColumn } from '../contract/compiled';
import type { OrphanRule } from '../settle/classify';

/** One column of a target table as a round writes it. */
export interface ApplyColumn {
  readonly name: string;
  /** Type without its length, as SQL: assigning to the column enforces the length, a cast would cut the value. */
  readonly type: string;
  readonly generated: boolean;
  readonly identity: '' | 'always' | 'by default';
  /** Sequence of an identity column, as SQL text. */
  readonly sequence: string | null;
}

/** A unique key that rounds uphold. Expressions and predicate are SQL over the bare columns of the table. */
export interface UniqueRule {
  readonly name: string;
  /** Column names for the books, `a+b`. */
  readonly columns: string;
  readonly expressions: readonly string[];
  /** Equality of each expression, `OPERATOR(pg_catalog.=)`. */
  readonly operators: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
  /** The columns that alone decide its value; null where an expression or a predicate does. */
  readonly plain: readonly string[] | null;
  /** Its columns are the target key. */
  readonly targetKey: boolean;
  readonly finding: string;
}

/** A foreign key that rounds uphold; tables by their number, null outside the plan. */
export interface ReferenceRule {
  readonly name: string;
  readonly child: number | null;
  readonly parent: number | null;
  readonly childRelation: QualifiedName;
  readonly parentRelation: QualifiedName;
  readonly columns: readonly string[];
  readonly columnTypes: readonly string[];
  readonly parentColumns: readonly string[];
  /** Equality of parent column and child column. */
  readonly operators: readonly string[];
  readonly matchFull: boolean;
  readonly orphan: OrphanRule | null;
}

/** A target table of the run with the scratch tables in which a round works on it. */
export interface ApplyTable {
  readonly number: number;
  readonly mapping: string;
  readonly target: QualifiedName;
  /** Source key to target key is looked up instead of computed. */
  readonly provenance: boolean;
  readonly columns: readonly ApplyColumn[];
  /** Names of the loaded columns, in COPY order. */
  readonly loaded: readonly string[];
  readonly targetKey: readonly { readonly name: string; readonly operator: string }[];
  readonly sourceKey: readonly KeyColumn[];
  readonly referencedColumns: readonly string[];
  readonly uniques: readonly UniqueRule[];
  /** A unique index over the target key stands. */
  readonly keyIndexed: boolean;
  readonly scratch: Scratch;
}

/**
 * Names of scratch tables, as SQL. `raw`: what arrived, as text. `row`: rows that want to be in the target (rowproof_key source
 * key, rowproof_rank 0 for rows displaced out of it, 2 arrived, 3 held). `dirty`: changed source keys. `old`: target rows of these,
 * and rows displaced with them. `in_place`: pairs of row and old (n, o) that are changed in place; o is null where a row was changed at once, and `old` never saw it. `outcome`: candidates (why null) and
 * losers among `row`. Rows are named by ctid: none of these is ever updated but `outcome`.
 */
export interface Scratch {
  readonly raw: string;
  readonly row: string;
  readonly dirty: string;
  readonly old: string;
  readonly inPlace: string;
  readonly outcome: string;
  readonly trace: string;
}

import type { QualifiedName } from '../contract/catalog';

/** Relations as they are when something is put back on them, by their quoted name: others may have changed them meanwhile. */
export type RelationsNow = ReadonlyMap<string, RelationNow>;

interface RelationNow {
  readonly relation: QualifiedName;
  /** Quoted name of the table that it is a partition of. */
  readonly parent: string | null;
  /** pg_class.relreplident. */
  readonly identity: string;
}

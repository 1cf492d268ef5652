import type { CaptureFingerprint } from './fingerprint';

/** What logical capture stands on, as it was when the run began to follow: kept in the ledger's cursor. */
export interface LogicalFacts {
  readonly kind: 'logical';
  readonly slot: string;
  readonly publication: string;
  /** Position where the slot began. */
  readonly startLsn: string;
  /** System identifier and timeline. */
  readonly server: string;
  readonly published: PublicationFacts | null;
  /** Every table that holds rows of a captured relation. */
  readonly identities: readonly IdentityFacts[];
  /** Columns, partitions and the like of the captured relations. */
  readonly fingerprint: CaptureFingerprint;
}

export interface PublicationFacts {
  /** Transactions that last changed it: it may have been altered and altered back between two looks. */
  readonly version: string;
  readonly allTables: boolean;
  /** Whole schemas in it (15 and newer): never ours. */
  readonly schemas: number;
  readonly viaRoot: boolean;
  /** insert, update, delete, truncate: those that it publishes. */
  readonly operations: readonly string[];
  readonly tables: readonly {
    readonly oid: string;
    /** With a row filter or a list of columns: never ours. */
    readonly restricted: boolean;
  }[];
}

export interface IdentityFacts {
  readonly oid: string;
  /** `"schema"."table"` */
  readonly name: string;
  /** pg_class.relreplident: d primary key, i index, f full, n nothing. */
  readonly identity: string;
  /** Columns of the identity; empty when it has none, null when it is the whole row. */
  readonly columns: readonly string[] | null;
}

/** Whether a table's identity tells all of these columns of a row that is updated or deleted. */
export function identifiesRow(identity: IdentityFacts, columns: readonly string[]): boolean {
  const known = identity.columns;
  return known === null || (known.length > 0 && columns.every((column) => known.includes(column)));
}

export const otherServer =
  'This is not the server on which the slot was created, or it was restored or promoted since (system identifier or timeline).';

/** The named reason why what is there now cannot be followed any more, or null. */
export function compareLogical(
  before: LogicalFacts,
  now: Pick<LogicalFacts, 'server' | 'published' | 'identities'>,
  keys: ReadonlyMap<string, readonly string[]>,
): string | null {
  if (before.server !== now.server) return otherServer;
  const publication = comparePublication(before, now.published);
  if (publication !== null) return publication;
  for (const identity of now.identities) {
    if (!identifiesRow(identity, keys.get(identity.oid) ?? []))
      return `The replica identity of ${identity.name} was changed: it no longer contains the key of a row.`;
  }
  return null;
}

function comparePublication(before: LogicalFacts, now: PublicationFacts | null): string | null {
  const name = before.publication;
  if (now === null) return `Publication ${name} is gone.`;
  const known = before.published;
  if (known === null) return `Publication ${name} did not exist when the run began to follow.`;
  if (now.allTables !== known.allTables || now.schemas !== known.schemas)
    return `Publication ${name} was altered: it publishes other tables than before.`;
  if (now.viaRoot !== known.viaRoot) return `Publication ${name} was altered: partitions are published differently.`;
  if (now.operations.join() !== known.operations.join())
    return `Publication ${name} was altered: it publishes ${now.operations.join(', ') || 'nothing'}.`;
  const text = (facts: PublicationFacts): string =>
    facts.tables
      .map(({ oid }) => oid)
      .sort()
      .join();
  if (text(now) !== text(known)) return `Publication ${name} was altered: tables were added or removed.`;
  if (now.tables.some(({ restricted }) => restricted))
    return `Publication ${name} was altered: a row filter or a list of columns was added.`;
  if (now.version !== known.version) return `Publication ${name} was altered, and altered back.`;
  return null;
}

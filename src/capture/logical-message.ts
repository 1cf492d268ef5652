/** A row as a slot delivers it: text of each column, null for NULL, undefined where the message leaves the value out. */
export type DeliveredRow = Readonly<Record<string, string | null | undefined>>;

/** One message of `pgoutput`, as far as keys depend on it. Relations are named by their oid. */
export type LogicalMessage =
  /** `commitLsn`: where the record of its commit begins. */
  | { readonly kind: 'begin'; readonly xid: number; readonly commitLsn: string }
  | { readonly kind: 'commit'; readonly endLsn: string }
  | {
      readonly kind: 'change';
      readonly relation: number;
      /** The old row, or its replica identity alone; null where the message has none: then the identity did not change. */
      readonly before: DeliveredRow | null;
      readonly after: DeliveredRow | null;
      /** Of an update without an old row: the columns that it left alone, the replica identity of that moment. */
      readonly unchanged?: readonly string[];
    }
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  | { readonly kind: 'other' };

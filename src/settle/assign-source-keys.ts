/** One physical row of a target table. */
export interface TargetRow {
  readonly table: string;
  readonly row: string;
  readonly targetKey: string;
  readonly refs: string | null;
}

/** A source row that was loaded, in the order of source keys. */
export interface SourceKey {
  readonly key: string;
  readonly targetKey: string;
}

export interface AssignedRow extends TargetRow {
  readonly sourceKey: string;
  /** Rank of its source key among those asked for: the lowest stays. */
  readonly rank: number;
}

/** Target keys that more than one source row, or more than one target row, carries: only contents tell these apart. */
export function sharedTargetKeys(rows: readonly TargetRow[], keys: readonly SourceKey[]): Set<string> {
  const shared = new Set<string>();
  for (const list of [rows, keys]) {
    const seen = new Set<string>();
    for (const { targetKey } of list) {
      if (seen.has(targetKey)) shared.add(targetKey);
      seen.add(targetKey);
    }
  }
  return shared;
}

/**
 * Gives every target row its source row: by target key, or by contents where a target key is shared. Null when a row has no
 * source row, or the contents do not fit.
 */
export function assignSourceKeys(
  rows: readonly TargetRow[],
  keys: readonly SourceKey[],
  contents: {
    readonly ofRow: (row: TargetRow) => string | undefined;
    readonly ofKey: (key: SourceKey) => string | undefined;
  },
): AssignedRow[] | null {
  const byTarget = new Map<string, { key: SourceKey; rank: number }[]>();
  keys.forEach((key, rank) => {
    const list = byTarget.get(key.targetKey);
    if (list === undefined) byTarget.set(key.targetKey, [{ key, rank }]);
    else list.push({ key, rank });
  });
  const shared = sharedTargetKeys(rows, keys);
  const assigned: AssignedRow[] = [];
  for (const row of rows) {
    const candidates = byTarget.get(row.targetKey) ?? [];
    const content = contents.ofRow(row);
    const at = shared.has(row.targetKey)
      ? candidates.findIndex(({ key }) => content !== undefined && contents.ofKey(key) === content)
      : 0;
    const found = candidates[at];
    if (found === undefined) return null;
    candidates.splice(at, 1);
    assigned.push({ ...row, sourceKey: found.key.key, rank: found.rank });
  }
  return assigned;
}

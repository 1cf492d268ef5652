/** What one client knows about its own keys: the value of `v` that each must have now. */
export type Model = Map<string, Map<string, string>>;

/** An effect of a transaction: `v` null says that the key is gone. */
export interface Write {
  readonly table: string;
  readonly key: string;
  readonly v: string | null;
}

type Outcome = 'acknowledged' | 'failed';

/** One transaction of one client; `resolved` says how an unknown outcome was found out. */
export interface Entry {
  readonly client: number;
  readonly txn: number;
  readonly outcome: Outcome;
  /** True when the connection was lost during COMMIT and the outcome was read from the source afterwards. */
  readonly wasUnknown: boolean;
  readonly ms: number;
}

export function apply(model: Model, writes: readonly Write[]): void {
  for (const { table, key, v } of writes) {
    let rows = model.get(table);
    if (rows === undefined) model.set(table, (rows = new Map()));
    if (v === null) rows.delete(key);
    else rows.set(key, v);
  }
}

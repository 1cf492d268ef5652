/** An object that a table consists of: the table itself, a column, a key, a trigger … as catalogs and files show it. */
export interface IdentityItem {
  readonly kind:
    'table' | 'column' | 'constraint' | 'unique index' | 'index' | 'trigger' | 'rule' | 'inheritance' | 'policy';
  /** `"schema"."table"` of the tree of a mapped table that it belongs to. */
  readonly relation: string;
  readonly name: string;
  /** Digest of what it is defined as. */
  readonly says: string;
  /** Which one it is: oid, files, the transaction that wrote its catalog row. Another one may have let rows in that nothing proved. */
  readonly is: string;
  /** What changes with rights, comments and the like. */
  readonly seen: string;
}

export interface IdentityChanges {
  /** One sentence each; what was proved before is not proved any more. */
  readonly changed: readonly string[];
  /** Changes that leave every row and rule as it is. */
  readonly noted: readonly string[];
}

/** Compares what a table consisted of with what it consists of now. */
export function compareIdentity(before: readonly IdentityItem[], now: readonly IdentityItem[]): IdentityChanges {
  const changed: string[] = [];
  const noted: string[] = [];
  const current = new Map(now.map((item) => [keyOf(item), item]));
  const gone = new Set<string>();
  const known = new Set(before.filter(({ kind }) => kind === 'table').map(({ relation }) => relation));
  for (const item of before) {
    if (item.kind !== 'table' || current.has(keyOf(item))) continue;
    gone.add(item.relation);
    changed.push(`${item.relation} is gone, renamed or detached`);
  }
  for (const was of before) {
    const is = current.get(keyOf(was));
    current.delete(keyOf(was));
    if (gone.has(was.relation)) continue;
    const add = harmless(was) ? noted : changed;
    if (is === undefined) add.push(`${named(was)} is gone`);
    else if (is.says !== was.says) add.push(`${named(was)} ${defined(is)}`);
    else if (is.is !== was.is) add.push(anotherOne(was, is));
    else if (is.seen !== was.seen) noted.push(`${named(was)} has other rights, options or files`);
  }
  for (const item of current.values()) {
    if (item.kind === 'table') changed.push(`${item.relation} is new, or was attached`);
    else if (known.has(item.relation)) (harmless(item) ? noted : changed).push(`${named(item)} is new`);
  }
  return { changed, noted };
}

/** An index that refuses no row. */
function harmless({ kind }: IdentityItem): boolean {
  return kind === 'index';
}

function keyOf({ kind, relation, name }: IdentityItem): string {
  return JSON.stringify([kind, relation, name]);
}

function named({ kind, relation, name }: IdentityItem): string {
  if (kind === 'table') return relation;
  if (kind === 'inheritance') return `the place of ${relation} below ${name}`;
  return `${kind} ${name} of ${relation}`;
}

function defined({ kind, says }: IdentityItem): string {
  return kind === 'trigger' && says.startsWith('D') ? 'is disabled' : 'is defined differently';
}

function anotherOne(was: IdentityItem, is: IdentityItem): string {
  if (was.kind === 'trigger') return `${named(was)} was disabled for a while, altered or created again`;
  if (was.kind === 'inheritance') return `${was.relation} was detached for a while, and attached again`;
  if (was.kind !== 'table') return `${named(was)} was altered or created again`;
  const oid = (item: IdentityItem): string | undefined => item.is.split(' ')[0];
  return oid(was) === oid(is)
    ? `the file of ${was.relation} was rewritten (ALTER TABLE, TRUNCATE, VACUUM FULL or CLUSTER)`
    : `another table replaced ${was.relation}`;
}

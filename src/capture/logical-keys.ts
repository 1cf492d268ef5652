import { keyText } from '../contract/key';
import type { CapturedRelation } from './captured-relations';
import { keyPart } from './key-part';
import type { DeliveredRow, LogicalMessage } from './logical-message';

/** A key that a message touches; `key` null: the whole relation. */
export interface TouchedKey {
  readonly relation: number;
  readonly key: string | null;
}

/** Which captured relations a relation on the source belongs to: itself, its partitions and children, by oid. */
export interface Captured {
  readonly byOid: ReadonlyMap<number, readonly CapturedRelation[]>;
  /** What a change of a relation counts for that is in the publication and in no known tree: a partition that came and went. */
  readonly unknown: readonly CapturedRelation[];
}

/**
 * Keys that a message touches: the old and the new one. Where a message does not tell a key column, the whole relation
 * counts as touched, so nothing is ever missed.
 */
export function touchedKeys(message: LogicalMessage, captured: Captured): TouchedKey[] {
  if (message.kind === 'truncate') {
    return message.relations.flatMap((oid) => {
      const relations = captured.byOid.get(oid) ?? captured.unknown;
      return relations.map(({ id }) => ({ relation: id, key: null }));
    });
  }
  if (message.kind !== 'change') return [];
  const relations = captured.byOid.get(message.relation);
  if (relations === undefined) return captured.unknown.map(({ id }) => ({ relation: id, key: null }));
  const { before, after, unchanged } = message;
  return relations.flatMap((relation) => {
    // for a while the identity was another one, and does not say whether the key was changed
    if (unchanged !== undefined && !relation.key.every(({ name }) => unchanged.includes(name)))
      return [{ relation: relation.id, key: null }];
    const keys: TouchedKey[] = [];
    const old = before === null ? null : keyOf(relation, before, null);
    if (old !== null) keys.push({ relation: relation.id, key: old.text });
    const fresh = after === null ? null : keyOf(relation, after, before);
    if (fresh !== null && fresh.text !== old?.text) keys.push({ relation: relation.id, key: fresh.text });
    return keys;
  });
}

function keyOf(relation: CapturedRelation, row: DeliveredRow, fallback: DeliveredRow | null): { text: string | null } {
  const parts: (string | null)[] = [];
  for (const { name, type } of relation.key) {
    // a value that is stored out of line and did not change is left out of the new row
    const value = row[name] === undefined ? fallback?.[name] : row[name];
    if (value === undefined) return { text: null };
    parts.push(value === null ? null : keyPart(type, value));
  }
  return { text: keyText(parts) };
}

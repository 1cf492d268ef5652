import type { ForeignKeyDetail, ForeignKeyNode } from './step-detail';
import { identifier, literal, qualified } from '../sql/quote';

export function dropForeignKeyStatement(detail: ForeignKeyDetail): string {
  return `ALTER TABLE ${qualified(detail.relation)} DROP CONSTRAINT ${identifier(detail.name)}`;
}

/** One constraint to bring back: `add` when it is absent, then `validate` (null when the definition is complete at once). */
export interface ForeignKeyRestore {
  readonly node: ForeignKeyNode;
  readonly add: string;
  readonly validate: string | null;
  readonly comment: string | null;
}

/**
 * The constraints of a foreign key in the order in which they come back. Plain tables take it NOT VALID and validate it
 * afterwards; a partitioned table refuses NOT VALID, so its leaves come first and the parents attach to them unscanned. One that was
 * NOT VALID comes back so, or validated where the plan wants it.
 */
export function restoreForeignKey(detail: ForeignKeyDetail, validate = false): ForeignKeyRestore[] {
  const nodes: ForeignKeyNode[] = [...detail.partitions, detail];
  return nodes.sort((a, b) => b.depth - a.depth).map((node) => restoreNode(node, detail, validate));
}

function restoreNode(node: ForeignKeyNode, detail: ForeignKeyDetail, validate: boolean): ForeignKeyRestore {
  const table = qualified(node.relation);
  const name = identifier(node.name);
  // VALIDATE leaves what PostgreSQL keeps for the partitions of a referenced table unvalidated
  const complete = node.partitioned || detail.parentPartitioned || / NOT (VALID|ENFORCED)$/.test(node.definition);
  const late = validate && / NOT VALID$/.test(node.definition);
  const validated = detail.validated || late;
  return {
    node,
    add: `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${node.definition}${complete ? '' : ' NOT VALID'}`,
    validate: !validated || (complete && !late) ? null : `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}`,
    comment: node.comment === null ? null : `COMMENT ON CONSTRAINT ${name} ON ${table} IS ${literal(node.comment)}`,
  };
}

import type { QualifiedName } from '../contract/catalog';
import { identifier, qualified } from '../sql/quote';
import { restoreForeignKey } from './restore-foreign-key';
import { createIndexOn } from './restore-index';
import type { ForeignKeyDetail, IndexDetail, IndexNode } from './step-detail';

/** One thing that is taken away for the load, and how to try on an empty table that it could be made again. */
export interface WayBackTrial {
  /** What it is, for sentences: `Index public.a_b`. */
  readonly subject: string;
  /** Table whose columns the empty one has. */
  readonly relation: QualifiedName;
  /** Whether it has to stand in the schema of the table: an index does, and is where its table is. */
  readonly sameSchema: boolean;
  /** Statements that make it on a table of that name, and take it away again. */
  readonly statements: (table: QualifiedName) => readonly string[];
}

/** Those nodes of an index tree that stand in a schema and tablespace of their own: what holds for one holds for the others there. */
export function indexTrials(detail: IndexDetail): WayBackTrial[] {
  const places = new Map<string, IndexNode>();
  for (const node of [detail.root, ...detail.partitions]) {
    const place = JSON.stringify([node.relation.schema, node.tablespace]);
    if (!places.has(place)) places.set(place, node);
  }
  return [...places.values()].map((node) => ({
    subject: `Index ${node.index.schema}.${node.index.name}`,
    relation: node.relation,
    sameSchema: true,
    statements: (table) => {
      const name = `${table.name}_index`;
      const drop =
        node.constraint === null
          ? `DROP INDEX ${qualified({ schema: table.schema, name })}`
          : `ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${identifier(name)}`;
      return [...createIndexOn(node, table, name), drop];
    },
  }));
}

/** NOT VALID, as it comes back before it is validated: no row is looked at. */
export function foreignKeyTrial(detail: ForeignKeyDetail): WayBackTrial {
  return {
    subject: `Foreign key ${detail.name} of ${detail.relation.schema}.${detail.relation.name}`,
    relation: detail.relation,
    sameSchema: false,
    statements: (table) => {
      // the empty table is a plain one, which takes NOT VALID
      const plain = {
        ...detail,
        relation: table,
        partitions: [],
        partitioned: false,
        parentPartitioned: false,
        comment: null,
      };
      return [
        ...restoreForeignKey(plain).map(({ add }) => add),
        `ALTER TABLE ${qualified(table)} DROP CONSTRAINT ${identifier(detail.name)}`,
      ];
    },
  };
}

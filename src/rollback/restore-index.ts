import type { IndexDetail, IndexNode } from './step-detail';
import { identifier, literal, qualified } from '../sql/quote';

/** Statements that take away an index with its partitions (and the constraint that owns it). */
export function dropIndexStatements(detail: IndexDetail, published: boolean): string[] {
  const { root } = detail;
  const full = [root, ...detail.partitions]
    .filter((node) => published && node.replicaIdentity !== null)
    .map((node) => `ALTER TABLE ${node.partitioned ? 'ONLY ' : ''}${qualified(node.relation)} REPLICA IDENTITY FULL`);
  const drop =
    root.constraint === null
      ? `DROP INDEX ${qualified(root.index)}`
      : `ALTER TABLE ${qualified(root.relation)} DROP CONSTRAINT ${identifier(root.constraint.name)}`;
  return [...full, drop];
}

/**
 * Statements that bring an index tree back as it was, to be run in one transaction: leaves first, then attached, so that
 * a partitioned index becomes valid by its partitions and every partition keeps its name.
 */
export function createIndexStatements(detail: IndexDetail): string[] {
  const nodes = [detail.root, ...detail.partitions].sort((a, b) => b.depth - a.depth);
  const created = nodes.flatMap((node) => [defaultTablespace(node), createNode(node)]);
  const attached = nodes.flatMap((node) =>
    node.parent === null ? [] : [`ALTER INDEX ${qualified(node.parent)} ATTACH PARTITION ${qualified(node.index)}`],
  );
  return [...created, ...attached, ...nodes.flatMap(marks), `SET LOCAL default_tablespace = ''`];
}

function defaultTablespace(node: IndexNode): string {
  return `SET LOCAL default_tablespace = ${node.tablespace === null ? `''` : identifier(node.tablespace)}`;
}

function createNode(node: IndexNode): string {
  const { constraint } = node;
  if (constraint === null) return node.definition;
  const suffix = `${constraint.deferrable ? ' DEFERRABLE' : ''}${constraint.deferred ? ' INITIALLY DEFERRED' : ''}`;
  const base = constraint.definition.slice(0, constraint.definition.length - suffix.length);
  const options = node.options.length === 0 ? '' : ` WITH (${node.options.join(', ')})`;
  const only = node.partitioned ? 'ONLY ' : '';
  return `ALTER TABLE ${only}${qualified(node.relation)} ADD CONSTRAINT ${identifier(constraint.name)} ${base}${options}${suffix}`;
}

function marks(node: IndexNode): string[] {
  const only = node.partitioned ? 'ONLY ' : '';
  const statements: string[] = [];
  if (node.comment !== null) statements.push(`COMMENT ON INDEX ${qualified(node.index)} IS ${literal(node.comment)}`);
  if (node.constraint !== null && node.constraint.comment !== null) {
    statements.push(
      `COMMENT ON CONSTRAINT ${identifier(node.constraint.name)} ON ${qualified(node.relation)} IS ${literal(node.constraint.comment)}`,
    );
  }
  for (const { column, target } of node.statistics) {
    statements.push(`ALTER INDEX ${qualified(node.index)} ALTER COLUMN ${column} SET STATISTICS ${target}`);
  }
  if (node.clustered)
    statements.push(`ALTER TABLE ${qualified(node.relation)} CLUSTER ON ${identifier(node.index.name)}`);
  if (node.replicaIdentity === 'd')
    statements.push(`ALTER TABLE ${only}${qualified(node.relation)} REPLICA IDENTITY DEFAULT`);
  if (node.replicaIdentity === 'i') {
    statements.push(
      `ALTER TABLE ${only}${qualified(node.relation)} REPLICA IDENTITY USING INDEX ${identifier(node.index.name)}`,
    );
  }
  return statements;
}

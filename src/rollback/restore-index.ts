import type { QualifiedName } from '../contract/catalog';
import type { RelationsNow } from './relations-now';
import type { IndexConstraint, IndexDetail, IndexNode } from './step-detail';
import { identifier, literal, qualified } from '../sql/quote';

/** Statements that take away an index with its partitions (and the constraint that owns it). */
export function dropIndexStatements(detail: IndexDetail): string[] {
  const { root, published } = detail;
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
 * Statements that bring those nodes of an index tree back, to be run in one transaction: leaves first, then attached, so that a
 * partitioned index becomes valid by its partitions and every partition keeps its name. A partition that others detached gets its own
 * index and nothing to hang it on; one that they created gets one too.
 */
export function createIndexStatements(detail: IndexDetail, absent: readonly IndexNode[], now: RelationsNow): string[] {
  const nodes = [...absent].sort((a, b) => b.depth - a.depth);
  const all = [detail.root, ...detail.partitions];
  const known = new Set(all.map((node) => qualified(node.relation)));
  const parents = new Set(all.filter((node) => node.partitioned).map((node) => qualified(node.relation)));
  const added = [...now].filter(([name, { parent }]) => parent !== null && parents.has(parent) && !known.has(name));
  const created = nodes.flatMap((node) => [defaultTablespace(node), createNode(node)]);
  const attached = nodes.flatMap((node) => {
    const over = all.find((one) => node.parent !== null && qualified(one.index) === qualified(node.parent));
    if (over === undefined || now.get(qualified(node.relation))?.parent !== qualified(over.relation)) return [];
    return [attach(over, node.index)];
  });
  const spread = nodes.flatMap((node) =>
    added
      .filter(([, { parent }]) => parent === qualified(node.relation))
      .flatMap(([, { relation }]) => createOnPartition(node, relation)),
  );
  return [
    ...created,
    ...attached,
    ...spread,
    ...nodes.flatMap((node) => [...marks(node), ...identityOf(node, detail.published, now)]),
    `SET LOCAL default_tablespace = ''`,
  ];
}

function attach(over: IndexNode, index: QualifiedName): string {
  return `ALTER INDEX ${qualified(over.index)} ATTACH PARTITION ${qualified(index)}`;
}

const word = '(?:"(?:[^"]|"")+"|[^\\s".]+)';
const indexDefinition = new RegExp(`^(CREATE (?:UNIQUE )?INDEX) ${word} ON (?:ONLY )?${word}\\.${word} (.*)$`, 's');

/**
 * The index of a partition that was not there when the tree was recorded. Named here: left to itself, PostgreSQL hangs another index of
 * the partition on the tree where one looks alike.
 */
function createOnPartition(over: IndexNode, relation: QualifiedName): string[] {
  const index = { schema: relation.schema, name: `${relation.name}_${over.index.name}`.slice(0, 60) };
  const create =
    over.constraint === null
      ? over.definition.replace(indexDefinition, `$1 ${identifier(index.name)} ON ${qualified(relation)} $2`)
      : addConstraint({ ...over, partitioned: false, relation }, index.name);
  return [defaultTablespace(over), create, attach(over, index)];
}

function defaultTablespace(node: IndexNode): string {
  return `SET LOCAL default_tablespace = ${node.tablespace === null ? `''` : identifier(node.tablespace)}`;
}

function createNode(node: IndexNode): string {
  return node.constraint === null ? node.definition : addConstraint(node, node.constraint.name);
}

function addConstraint(node: IndexNode, name: string): string {
  const { definition, deferrable, deferred } = node.constraint as IndexConstraint;
  const suffix = `${deferrable ? ' DEFERRABLE' : ''}${deferred ? ' INITIALLY DEFERRED' : ''}`;
  const base = definition.slice(0, definition.length - suffix.length);
  const options = node.options.length === 0 ? '' : ` WITH (${node.options.join(', ')})`;
  const only = node.partitioned ? 'ONLY ' : '';
  return `ALTER TABLE ${only}${qualified(node.relation)} ADD CONSTRAINT ${identifier(name)} ${base}${options}${suffix}`;
}

function marks(node: IndexNode): string[] {
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
  return statements;
}

/** The replica identity that the index carried, unless others chose another one meanwhile. */
function identityOf(node: IndexNode, published: boolean, now: RelationsNow): string[] {
  const table = `ALTER TABLE ${node.partitioned ? 'ONLY ' : ''}${qualified(node.relation)} REPLICA IDENTITY`;
  const is = now.get(qualified(node.relation))?.identity;
  const replaced = published && is === 'f';
  if (node.replicaIdentity === 'd' && replaced) return [`${table} DEFAULT`];
  if (node.replicaIdentity === 'i' && (replaced || is === 'i'))
    return [`${table} USING INDEX ${identifier(node.index.name)}`];
  return [];
}

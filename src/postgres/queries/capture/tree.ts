import type { QualifiedName } from '../../../contract/catalog';
import { qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { flag } from '../../row';

/** One relation of the tree under a captured relation, itself included. */
export interface TreeNode extends QualifiedName {
  readonly oid: string;
  /** pg_class.relkind. */
  readonly kind: string;
  /** p permanent, u unlogged, t temporary. */
  readonly persistence: string;
  readonly relfilenode: string;
  /** Parents as `"schema"."table"`; with ` (detaching)` while a partition is being detached. Empty for the root. */
  readonly parents: readonly string[];
  /** Rows of pg_inherits that hang it below its parents, each with the transaction that wrote it: another one once it was detached. */
  readonly links: readonly string[];
  readonly partition: boolean;
}

interface TreeRow {
  readonly root: string;
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly relfilenode: string;
  readonly partition: string;
  readonly parent_schema: string | null;
  readonly parent_name: string | null;
  readonly detaching: string | null;
  readonly link: string | null;
}

/**
 * Partitions and inheritance children of each relation, the relation first, parents before children; a relation that is gone
 * has no entry. Read from catalogs alone, so what it says belongs to the session's snapshot.
 */
export async function readTrees(
  session: Session,
  relations: readonly QualifiedName[],
): Promise<Map<string, TreeNode[]>> {
  const { rows } = await session.query<TreeRow>(
    `with recursive roots as (
       select g.schema, g.name, c.oid from pg_catalog.jsonb_to_recordset($1::jsonb) as g (schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = g.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = g.name and c.relkind in ('r', 'p', 'v', 'm', 'f')
     ), tree (root_schema, root_name, oid, parent, detaching, link, depth) as (
       select schema, name, oid, null::oid, null::text, null::text, 0 from roots
       union
       select t.root_schema, t.root_name, h.inhrelid, h.inhparent, pg_catalog.to_jsonb(h) ->> 'inhdetachpending',
         pg_catalog.concat(h.inhparent, ' ', h.inhseqno, ' ', h.xmin), t.depth + 1
       from tree t join pg_catalog.pg_inherits h on h.inhparent = t.oid
     )
     select pg_catalog.format('%s', pg_catalog.jsonb_build_array(t.root_schema, t.root_name)) as root, c.oid::text as oid,
       n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, c.relpersistence::text as persistence,
       c.relfilenode::text as relfilenode, c.relispartition::text as partition, pn.nspname::text as parent_schema,
       p.relname::text as parent_name, t.detaching, t.link
     from tree t join pg_catalog.pg_class c on c.oid = t.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     left join pg_catalog.pg_class p on p.oid = t.parent left join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
     order by root, t.depth, n.nspname collate "C", c.relname collate "C", pn.nspname collate "C", p.relname collate "C"`,
    [JSON.stringify(relations)],
  );
  const trees = new Map<string, Map<string, TreeNode>>();
  for (const row of rows) {
    const [schema, name] = JSON.parse(row.root) as [string, string];
    const root = qualified({ schema, name });
    const nodes = trees.get(root) ?? new Map<string, TreeNode>();
    trees.set(root, nodes);
    const known = nodes.get(row.oid);
    const parent =
      row.parent_name === null
        ? []
        : [
            qualified({ schema: row.parent_schema ?? '', name: row.parent_name }) +
              (flag(row, 'detaching') ? ' (detaching)' : ''),
          ];
    // several parents (inheritance), or several ways to the same one
    const parents = [...new Set([...(known?.parents ?? []), ...parent])];
    const links = [...new Set([...(known?.links ?? []), ...(row.link === null ? [] : [row.link])])].sort();
    nodes.set(row.oid, {
      oid: row.oid,
      schema: row.schema,
      name: row.name,
      kind: row.kind,
      persistence: row.persistence,
      relfilenode: row.relfilenode,
      partition: flag(row, 'partition'),
      parents,
      links,
    });
  }
  return new Map([...trees].map(([root, nodes]) => [root, [...nodes.values()]]));
}

import type { QualifiedName, Relation } from '../../contract/catalog';
import type { Session } from '../session';
import { userSchema } from './server-facts';
import { flag, integer, number } from '../row';

/** The oids of this catalog, while it is read: they never leave this folder. */
export interface RelationRow {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: Relation['kind'];
  readonly owner: string;
  readonly owned: boolean;
  readonly estimatedRows: number;
  readonly estimatedBytes: number;
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly partitionOf: QualifiedName | null;
  readonly inherited: boolean;
  readonly inherits: Relation['inherits'];
  readonly privileges: Relation['privileges'];
}

const kinds: Readonly<Record<string, Relation['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

/** Predicate over pg_class c joined to pg_namespace n: relations of the catalog. */
export const userRelation = `c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and ${userSchema}`;

const privileges = ['select', 'insert', 'update', 'delete', 'truncate'] as const;

export async function readRelations(session: Session): Promise<RelationRow[]> {
  // sizes from pg_class: pg_table_size waits for locks; a table that was never analyzed is measured, and what is stored beside it, which
  // ANALYZE does not count
  const { rows } = await session.query<Record<string, string | null>>(
    `select c.oid::text as oid, n.nspname as schema, c.relname as name, c.relkind::text as kind,
       pg_get_userbyid(c.relowner) as owner, pg_has_role(c.relowner, 'usage')::text as owned,
       c.reltuples::text as tuples,
       (case when c.relpages > 0 or c.relkind not in ('r', 'm') then c.relpages::bigint * current_setting('block_size')::bigint
             else coalesce(pg_relation_size(c.oid), 0) end
         + coalesce(pg_relation_size(t.oid), 0))::text as bytes,
       c.relrowsecurity::text as row_security, c.relforcerowsecurity::text as force_row_security,
       pn.nspname as parent_schema, pc.relname as parent_name, pc.oid::text as parent_oid,
       exists (select from pg_inherits h join pg_class hc on hc.oid = h.inhrelid
               where h.inhparent = c.oid and not hc.relispartition)::text as inherited,
       (select coalesce(json_agg(json_build_object('schema', an.nspname, 'name', ac.relname) order by h.inhseqno), '[]')
        from pg_inherits h join pg_class ac on ac.oid = h.inhparent join pg_namespace an on an.oid = ac.relnamespace
        where h.inhrelid = c.oid and not c.relispartition)::text as inherits,
       ${privileges.map((privilege) => `has_table_privilege(c.oid, '${privilege}')::text as ${privilege}_ok`).join(', ')}
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_class t on t.oid = c.reltoastrelid
     left join pg_inherits i on i.inhrelid = c.oid and c.relispartition
     left join pg_class pc on pc.oid = i.inhparent
     left join pg_namespace pn on pn.oid = pc.relnamespace
     where ${userRelation}
     order by n.nspname collate "C", c.relname collate "C"`,
  );
  const sizes = sizesOf(rows);
  return rows.map((row) => ({
    oid: row['oid'] as string,
    schema: row['schema'] as string,
    name: row['name'] as string,
    kind: kinds[row['kind'] as string] as Relation['kind'],
    owner: row['owner'] as string,
    owned: flag(row, 'owned'),
    estimatedRows: Math.round(sizes.get(row['oid'] as string)?.rows ?? 0),
    estimatedBytes: sizes.get(row['oid'] as string)?.bytes ?? 0,
    rowSecurity: flag(row, 'row_security'),
    forceRowSecurity: flag(row, 'force_row_security'),
    partitionOf:
      row['parent_name'] == null ? null : { schema: row['parent_schema'] as string, name: row['parent_name'] },
    inherited: flag(row, 'inherited'),
    inherits: JSON.parse(row['inherits'] as string) as QualifiedName[],
    privileges: {
      select: flag(row, 'select_ok'),
      insert: flag(row, 'insert_ok'),
      update: flag(row, 'update_ok'),
      delete: flag(row, 'delete_ok'),
      truncate: flag(row, 'truncate_ok'),
    },
  }));
}

/** Bytes a row takes where nobody has counted: only the order of magnitude matters. */
const guessedRowBytes = 120;

/** A partitioned table is as large as its leaves. */
function sizesOf(rows: readonly Record<string, string | null>[]): Map<string, { rows: number; bytes: number }> {
  const sizes = new Map<string, { rows: number; bytes: number }>();
  const parents = new Map<string, string>();
  for (const row of rows) {
    const oid = row['oid'] as string;
    const bytes = row['kind'] === 'p' ? 0 : integer(row, 'bytes');
    const tuples = number(row, 'tuples');
    // -1 since version 14, 0 before: never counted
    const counted = row['kind'] === 'p' ? 0 : tuples > 0 ? tuples : bytes / guessedRowBytes;
    sizes.set(oid, { rows: counted, bytes });
    if (row['parent_oid'] != null) parents.set(oid, row['parent_oid']);
  }
  for (const row of rows) {
    if (row['kind'] === 'p') continue;
    const own = sizes.get(row['oid'] as string) as { rows: number; bytes: number };
    for (let parent = parents.get(row['oid'] as string); parent !== undefined; parent = parents.get(parent)) {
      const size = sizes.get(parent);
      if (size === undefined) break;
      size.rows += own.rows;
      size.bytes += own.bytes;
    }
  }
  return sizes;
}

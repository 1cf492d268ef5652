import type { QualifiedName } from '../../../contract/catalog';
import { identifier, literal, qualified } from '../../../sql/quote';
import { countJoining } from '../../bulk-join';
import type { Session } from '../../session';

/** A foreign key as it stands now. */
export interface LiveReference {
  readonly name: string;
  readonly child: QualifiedName;
  readonly parent: QualifiedName;
  readonly columns: readonly string[];
  readonly parentColumns: readonly string[];
  /** `OPERATOR(schema.=)` of each pair, parent on the left. */
  readonly operators: readonly string[];
  readonly matchFull: boolean;
  readonly validated: boolean;
  /** False for one that is NOT ENFORCED: rows without a parent are meant to be there. */
  readonly enforced: boolean;
}

/** Every foreign key of these tables and every one that points to them; those of partitions stand for themselves only once. */
export async function foreignKeysOf(session: Session, tables: readonly QualifiedName[]): Promise<LiveReference[]> {
  const { rows } = await session.query<{ reference: string }>(
    `select jsonb_build_object(
       'name', c.conname,
       'child', jsonb_build_object('schema', cn.nspname, 'name', cc.relname),
       'parent', jsonb_build_object('schema', pn.nspname, 'name', pc.relname),
       'columns', (select jsonb_agg(a.attname order by k.n) from unnest(c.conkey) with ordinality as k (num, n)
          join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.num),
       'parentColumns', (select jsonb_agg(a.attname order by k.n) from unnest(c.confkey) with ordinality as k (num, n)
          join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.num),
       'operators', (select jsonb_agg(format('OPERATOR(%I.%s)', opn.nspname, o.oprname) order by k.n)
          from unnest(c.conpfeqop) with ordinality as k (oid, n)
          join pg_operator o on o.oid = k.oid join pg_namespace opn on opn.oid = o.oprnamespace),
       'matchFull', c.confmatchtype = 'f',
       'validated', c.convalidated, 'enforced', coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true))::text as reference
     from pg_constraint c
     join pg_class cc on cc.oid = c.conrelid join pg_namespace cn on cn.oid = cc.relnamespace
     join pg_class pc on pc.oid = c.confrelid join pg_namespace pn on pn.oid = pc.relnamespace
     where c.contype = 'f' and c.conparentid = 0
       and exists (select 1 from jsonb_to_recordset($1::jsonb) as t (schema text, name text)
         where (cn.nspname, cc.relname) = (t.schema, t.name) or (pn.nspname, pc.relname) = (t.schema, t.name))
     order by cn.nspname, cc.relname, c.conname`,
    [JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))],
  );
  return rows.map((row) => JSON.parse(row.reference) as LiveReference);
}

/**
 * Rows that settle took away for this reference although the target holds their parent, found by the texts that the quarantine
 * keeps. $2 mapping of the child, whose refs have to hold all columns of the reference. Texts that differ while the types call
 * them equal (7 and 7.00) are passed over: the count is never too high.
 */
export async function countFollowersOfPresent(
  session: Session,
  run: string,
  mapping: string,
  reference: LiveReference,
): Promise<number> {
  const pairs = reference.columns.map(
    (column, index) =>
      `p.${identifier(reference.parentColumns[index] as string)}::text = q.refs ->> ${literal(column)}`,
  );
  return countJoining(
    session,
    `select count(*)::text as n from rowproof.quarantine q where q.run = $1 and q.mapping = $2 and q.constraint_name = $3
       and q.adjustment is not null and q.reason in ('orphan', 'parent_quarantined', 'parent_out_of_scope')
       and exists (select from ${qualified(reference.parent)} p where ${pairs.join(' and ')})`,
    [run, mapping, reference.name],
  );
}

/** Rows of the child that no parent row matches, found by a query of our own, whatever the constraint believes. */
export async function countOrphans(session: Session, reference: LiveReference): Promise<number> {
  const child = reference.columns.map((column) => `c.${identifier(column)}`);
  const pairs = reference.parentColumns.map(
    (column, index) => `p.${identifier(column)} ${reference.operators[index] ?? '='} ${child[index] ?? ''}`,
  );
  const filled = child.map((column) => `${column} is not null`).join(' and ');
  const unmatched = `(${filled}) and not exists (select 1 from ${qualified(reference.parent)} p where ${pairs.join(' and ')})`;
  const partial = `not (${filled}) and (${child.map((column) => `${column} is not null`).join(' or ')})`;
  return countJoining(
    session,
    `select count(*)::text as n from ${qualified(reference.child)} c where ${reference.matchFull ? `(${unmatched}) or (${partial})` : unmatched}`,
  );
}

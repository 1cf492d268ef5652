import type { TriggerState } from '../../../rollback/step-detail';
import type { Session } from '../../session';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from './tables';
import { integer } from '../../row';

/** Those of the triggers that are still there. */
export async function existingTriggers(
  session: Session,
  triggers: readonly TriggerState[],
): Promise<readonly TriggerState[]> {
  const { rows } = await session.query<{ at: string }>(
    `select (m.ord - 1)::text as at from jsonb_array_elements($1::jsonb) with ordinality as m (doc, ord)
     join pg_catalog.pg_namespace n on n.nspname = m.doc ->> 'schema'
     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.doc ->> 'table'
     join pg_catalog.pg_trigger t on t.tgrelid = c.oid and t.tgname = m.doc ->> 'name'`,
    [JSON.stringify(triggers.map(({ relation, name }) => ({ schema: relation.schema, table: relation.name, name })))],
  );
  const there = new Set(rows.map((row) => integer(row, 'at')));
  return triggers.filter((_, at) => there.has(at));
}

/** User triggers of the mapped tables and their partitions, roots first. */
export async function readTriggers(
  session: Session,
  tables: readonly MappedTable[],
): Promise<{ mapping: string; trigger: Omit<TriggerState, 'action'> }[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}
     select jsonb_build_object('mapping', tree.mapping, 'trigger', jsonb_build_object(
       'relation', ${nameOf('t.tgrelid')}, 'name', t.tgname, 'enabled', t.tgenabled))::text as doc
     from tree join pg_catalog.pg_trigger t on t.tgrelid = tree.oid
     left join pg_catalog.pg_constraint con on con.oid = t.tgconstraint
     where t.tgconstraint = 0 or con.contype = 't'
     order by tree.mapping, tree.depth, ${nameOf('t.tgrelid')}::text, t.tgname`,
    [tablesParameter(tables)],
  );
  return rows.map((row) => JSON.parse(row.doc) as { mapping: string; trigger: Omit<TriggerState, 'action'> });
}

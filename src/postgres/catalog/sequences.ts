import type { Sequence } from '../../contract/catalog';
import type { Session } from '../session';
import { userSchema } from './server-facts';
import { flag } from '../row';

/** Sequences of users: outside system schemas and schema rowproof, and not of an extension. */
export async function readSequences(session: Session): Promise<Sequence[]> {
  const { rows } = await session.query<Record<'schema' | 'name' | 'cycle' | 'readable' | 'settable', string>>(
    `select n.nspname as schema, c.relname as name, s.seqcycle::text as cycle,
       (has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(c.oid, 'SELECT'))::text as readable,
       (has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(c.oid, 'UPDATE'))::text as settable
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
     where c.relpersistence <> 't' and ${userSchema}
       and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
     order by n.nspname collate "C", c.relname collate "C"`,
  );
  return rows.map(({ schema, name, ...facts }) => ({
    schema,
    name,
    cycle: flag(facts, 'cycle'),
    readable: flag(facts, 'readable'),
    settable: flag(facts, 'settable'),
  }));
}

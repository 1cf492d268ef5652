import type { Sequence } from '../../contract/catalog';
import type { Session } from '../session';
import { userSchema } from './server-facts';

/**
 * Sequences of users. `named`: the body of some function calls it by its name, or depends on it: nothing else in the catalog says that
 * a function draws from a sequence.
 */
export async function readSequences(session: Session): Promise<Sequence[]> {
  const { rows } = await session.query<Record<'schema' | 'name' | 'cycle' | 'readable' | 'settable' | 'named', string>>(
    `select n.nspname as schema, c.relname as name, s.seqcycle::text as cycle,
       (has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(c.oid, 'SELECT'))::text as readable,
       (has_schema_privilege(n.oid, 'USAGE') and has_sequence_privilege(c.oid, 'UPDATE'))::text as settable,
       exists (select from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace
         where pn.nspname not in ('pg_catalog', 'information_schema') and strpos(p.prosrc, c.relname) > 0
         union all
         select from pg_depend d where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_class'::regclass
           and d.refobjid = c.oid)::text as named
     from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_sequence s on s.seqrelid = c.oid
     where c.relpersistence <> 't' and ${userSchema}
     order by n.nspname collate "C", c.relname collate "C"`,
  );
  return rows.map(({ schema, name, ...facts }) => ({
    schema,
    name,
    cycle: facts.cycle === 'true',
    readable: facts.readable === 'true',
    settable: facts.settable === 'true',
    named: facts.named === 'true',
  }));
}

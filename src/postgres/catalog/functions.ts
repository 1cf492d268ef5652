import type { QualifiedName } from '../../contract/catalog';
import type { Session } from '../session';
import { userSchema } from './server-facts';

/** Functions of users of which one with that name is not IMMUTABLE: what they give may change while their arguments do not. */
export async function readMutableFunctions(session: Session): Promise<QualifiedName[]> {
  const { rows } = await session.query<{ schema: string; name: string }>(
    `select distinct n.nspname collate "C" as schema, p.proname collate "C" as name
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where p.prokind = 'f' and p.provolatile <> 'i' and p.prorettype <> 'trigger'::regtype and ${userSchema}
     order by 1, 2`,
  );
  return rows.map(({ schema, name }) => ({ schema, name }));
}

import { callsBehind } from '../../refusal';
import { openSession } from '../../session';

/**
 * The function of the database inside which a statement was refused, schema-qualified: what the server's call stack names is shown
 * only where a function of that name exists. Asks on a session of its own; null when there is none, or nobody answers.
 */
export async function functionBehind(error: unknown): Promise<string | null> {
  const behind = callsBehind(error);
  if (behind === null) return null;
  try {
    const session = await openSession(behind.connection, { applicationName: 'rowproof names a function' });
    try {
      for (const names of behind.calls) {
        const { rows } = await session.query<{ name: string }>(
          `select distinct pg_catalog.format('%I.%I', n.nspname, p.proname) as name
           from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
           join pg_catalog.pg_language l on l.oid = p.prolang
           where p.proname = $1 and ($2::text is null or n.nspname = $2) and l.lanname not in ('internal', 'c')
             and n.nspname not in ('pg_catalog', 'rowproof')`,
          [names[names.length - 1], names.length > 1 ? names[0] : null],
        );
        if (rows.length > 0) return rows.map((row) => row.name).join(' or ');
      }
      return null;
    } finally {
      await session.close();
    }
  } catch {
    // the sentence is complete enough without it
    return null;
  }
}

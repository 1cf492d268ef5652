import { identifier, literal } from '../../../sql/quote';
import type { Session } from '../../session';

/** Comments on objects of a capture: they stay on the source when nothing else can be told why it was ended. */

/** `table` is ready for SQL; null takes the comment away. */
export async function noteOnTable(session: Session, table: string, note: string | null): Promise<void> {
  await session.query(`comment on table ${table} is ${note === null ? 'null' : literal(note)}`);
}

/** Null where there is no comment, or no table. */
export async function readTableNote(session: Session, table: string): Promise<string | null> {
  const { rows } = await session.query<{ note: string | null }>(
    `select d.description as note from pg_catalog.pg_description d
     where d.objoid = pg_catalog.to_regclass($1) and d.classoid = 'pg_catalog.pg_class'::regclass and d.objsubid = 0`,
    [table],
  );
  return rows[0]?.note ?? null;
}

export async function noteOnPublication(session: Session, publication: string, note: string): Promise<void> {
  await session.query(`comment on publication ${identifier(publication)} is ${literal(note)}`);
}

/** Null where there is no comment, or no publication. */
export async function readPublicationNote(session: Session, publication: string): Promise<string | null> {
  const { rows } = await session.query<{ note: string | null }>(
    `select d.description as note from pg_catalog.pg_description d join pg_catalog.pg_publication p on p.oid = d.objoid
     where p.pubname = $1 and d.classoid = 'pg_catalog.pg_publication'::regclass`,
    [publication],
  );
  return rows[0]?.note ?? null;
}

import type { QualifiedName } from '../../../contract/catalog';
import type { Session } from '../../session';
import { flag, integer, integerOrNull } from '../../row';

/** What a server must give before a slot can be created on it. */
export interface SlotConditions {
  readonly standby: boolean;
  readonly walLevel: string;
  readonly user: string;
  readonly mayReplicate: boolean;
  readonly mayPublish: boolean;
  readonly slots: number;
  readonly slotLimit: number;
  /** Bytes; null is without limit. */
  readonly keepSize: number | null;
}

export async function readSlotConditions(session: Session): Promise<SlotConditions> {
  const { rows } = await session.query<Record<string, string>>(
    `select pg_catalog.pg_is_in_recovery()::text as standby, pg_catalog.current_setting('wal_level') as level,
       current_user::text as role,
       -- managed services hand the right out as membership of a role of theirs
       (r.rolreplication or r.rolsuper or exists (select from pg_catalog.pg_roles g
         where g.rolname = 'rds_replication' and pg_catalog.pg_has_role(r.oid, g.oid, 'member')))::text as replicate,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')::text as publish,
       (select count(*) from pg_catalog.pg_replication_slots)::text as slots,
       pg_catalog.current_setting('max_replication_slots') as slot_limit,
       (select setting from pg_catalog.pg_settings where name = 'max_slot_wal_keep_size') as keep
     from pg_catalog.pg_roles r where r.rolname = current_user`,
  );
  const row = rows[0] as Record<string, string>;
  const keep = integerOrNull(row, 'keep') ?? -1;
  return {
    standby: flag(row, 'standby'),
    walLevel: row['level'] as string,
    user: row['role'] as string,
    mayReplicate: flag(row, 'replicate'),
    mayPublish: flag(row, 'publish'),
    slots: integer(row, 'slots'),
    slotLimit: integer(row, 'slot_limit'),
    keepSize: keep < 0 ? null : keep * 1024 * 1024,
  };
}

export interface RelationConditions {
  readonly owned: boolean;
  /** Whether policies apply to the role of the session. */
  readonly rowSecurity: boolean;
  /** Columns that are computed by the server: a slot does not deliver them. */
  readonly generated: readonly string[];
}

/** Null when the relation is gone. */
export async function readRelationConditions(
  session: Session,
  relation: QualifiedName,
): Promise<RelationConditions | null> {
  const { rows } = await session.query<{ owned: string; secured: string; generated: string }>(
    `select pg_catalog.pg_has_role(c.relowner, 'usage')::text as owned,
       (c.relrowsecurity and pg_catalog.row_security_active(c.oid))::text as secured,
       coalesce((select pg_catalog.jsonb_agg(a.attname) from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and a.attgenerated <> ''), '[]')::text as generated
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [relation.schema, relation.name],
  );
  const row = rows[0];
  if (row === undefined) return null;
  return {
    owned: flag(row, 'owned'),
    rowSecurity: flag(row, 'secured'),
    generated: JSON.parse(row.generated) as string[],
  };
}

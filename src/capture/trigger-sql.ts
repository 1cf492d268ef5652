import type { QualifiedName } from '../contract/catalog';
import type { KeyColumn } from '../contract/compiled';
import { identifier, literal, qualified } from '../sql/quote';
import { replicaIdentityFull } from '../sql/replica-identity';
import type { CapturedRelation } from './captured-relations';

/** All keys of one captured relation, which share its triggers and its function. */
export interface CaptureSite {
  /** Lowest id of its captured relations: its objects are named after it. */
  readonly id: number;
  readonly relation: QualifiedName;
  readonly keys: readonly CapturedRelation[];
}

/** Names of a site's objects; the function is in schema rowproof. */
export interface SiteNames {
  readonly function: string;
  readonly rowTrigger: string;
  readonly truncateTrigger: string;
}

/** Captured relations by table, in the order of their ids. */
export function captureSites(relations: readonly CapturedRelation[]): CaptureSite[] {
  const sites = new Map<string, CapturedRelation[]>();
  for (const relation of relations) {
    const name = qualified(relation.relation);
    sites.set(name, [...(sites.get(name) ?? []), relation]);
  }
  return [...sites.values()].map((keys) => {
    const first = keys[0] as CapturedRelation;
    return { id: first.id, relation: first.relation, keys };
  });
}

export function siteNames(name: string, site: Pick<CaptureSite, 'id'>): SiteNames {
  return {
    function: `mark_${name}_${site.id}`,
    rowTrigger: `rowproof_${name}_${site.id}`,
    truncateTrigger: `rowproof_${name}_${site.id}_truncate`,
  };
}

/** Statements that create the change table; on one that is there they change nothing. */
export function changeTableStatements(table: string, name: string): string[] {
  return [
    `create table if not exists ${table} (
       seq bigint generated always as identity,
       xid xid8 not null default pg_catalog.pg_current_xact_id(),
       at timestamptz not null default pg_catalog.clock_timestamp(),
       relation int not null,
       old_key text,
       new_key text) with (vacuum_truncate = false)`,
    `create index if not exists ${identifier(`change_${name}_xid`)} on ${table} (xid)`,
    `revoke all on table ${table} from public`,
    replicaIdentityFull(table),
  ];
}

/** Statements that create the table of how far changes were consumed (noted at each look) and purged. */
export function purgeTableStatements(table: string): string[] {
  return [
    `create table if not exists ${table} (
       at timestamptz not null default pg_catalog.clock_timestamp(),
       below xid8 not null,
       purged boolean not null default false)`,
    `revoke all on table ${table} from public`,
    replicaIdentityFull(table),
  ];
}

/** Types whose text is the same in every session. */
const plainTypes = new Set([
  'smallint',
  'integer',
  'bigint',
  'numeric',
  'text',
  'character varying',
  'character',
  'bpchar',
  '"char"',
  'name',
  'uuid',
  'boolean',
  'oid',
]);

function needsSettings({ type }: KeyColumn): boolean {
  if (type.kind === 'enum') return false;
  return !plainTypes.has(type.kind === 'domain' ? (type.base ?? '') : type.name);
}

/** As rowproof's own sessions have them: a key has to have one text, whoever writes. */
const textSettings = [
  `TimeZone = 'UTC'`,
  `DateStyle = 'ISO, YMD'`,
  `IntervalStyle = 'postgres'`,
  'extra_float_digits = 1',
  `bytea_output = 'hex'`,
  `lc_monetary = 'C'`,
];

function keyOf(record: 'new' | 'old', key: readonly KeyColumn[]): string {
  const parts = key.map((column) => `${record}.${identifier(column.name)}::text`);
  return `jsonb_build_array(${parts.join(', ')})::text`;
}

/** What the function of a site does, and the settings it pins: only where a key's text depends on them, since that costs on every call. */
export function captureFunctionBody(site: CaptureSite, table: string): { body: string; settings: readonly string[] } {
  const settings = site.keys.some(({ key }) => key.some(needsSettings)) ? textSettings : [];
  const insert = (columns: string, values: (one: CapturedRelation) => string): string =>
    `insert into ${table} (relation, ${columns}) values ${site.keys
      .map((one) => `(${one.id}, ${values(one)})`)
      .join(', ')};`;
  const both = ({ key }: CapturedRelation): string =>
    `nullif(${keyOf('old', key)}, ${keyOf('new', key)}), ${keyOf('new', key)}`;
  const body = `
begin
  if tg_op = 'INSERT' then
    ${insert('new_key', ({ key }) => keyOf('new', key))}
  elsif tg_op = 'UPDATE' then
    ${insert('old_key, new_key', both)}
  elsif tg_op = 'DELETE' then
    ${insert('old_key', ({ key }) => keyOf('old', key))}
  else
    ${insert('old_key, new_key', () => 'null, null')}
  end if;
  return null;
end`;
  return { body, settings };
}

/**
 * The function behind the triggers of a site. It runs with the rights of whoever installed it and a search_path of its own, so
 * that the application needs no rights and cannot divert it. Insert only: updating a change would make transactions fail that touch
 * the same key.
 */
export function captureFunction(name: string, site: CaptureSite, table: string): string {
  const { body, settings } = captureFunctionBody(site, table);
  return [
    `create or replace function ${functionName(name, site)}() returns trigger`,
    'language plpgsql security definer set search_path = pg_catalog, pg_temp',
    ...settings.map((setting) => `set ${setting}`),
    `as ${literal(body)}`,
  ].join('\n');
}

/** The function of a site, ready for SQL. */
function functionName(name: string, site: Pick<CaptureSite, 'id'>): string {
  return `rowproof.${identifier(siteNames(name, site).function)}`;
}

/** A trigger on one relation, made to fire whatever session_replication_role says. */
export function createRowTrigger(name: string, site: CaptureSite, relation: QualifiedName): string {
  return `create trigger ${identifier(siteNames(name, site).rowTrigger)} after insert or update or delete on ${qualified(relation)}
    for each row execute function ${functionName(name, site)}()`;
}

export function createTruncateTrigger(name: string, site: CaptureSite, relation: QualifiedName): string {
  return `create trigger ${identifier(siteNames(name, site).truncateTrigger)} after truncate on ${qualified(relation)}
    for each statement execute function ${functionName(name, site)}()`;
}

/** ONLY: partitions are named one by one, since not every version passes this on to them. */
export function enableAlways(relation: QualifiedName, trigger: string): string {
  return `alter table only ${qualified(relation)} enable always trigger ${identifier(trigger)}`;
}

export function dropTrigger(relation: QualifiedName, trigger: string): string {
  return `drop trigger if exists ${identifier(trigger)} on ${qualified(relation)}`;
}

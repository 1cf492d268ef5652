import type { Index, Trigger } from '../../contract/catalog';
import { identifier } from '../../sql/quote';
import type { Session } from '../session';
import { userRelation } from './relations';
import { flag } from '../row';

interface IndexRow {
  readonly relation: string;
  readonly name: string;
  readonly unique: string;
  readonly primary: string;
  readonly exclusion: string;
  readonly constraint: string | null;
  readonly keys: string;
  readonly expressions: string | null;
  /** Of each key the collation that its column does not have, as SQL. */
  readonly collations: string;
  readonly predicate: string | null;
  readonly nulls_not_distinct: string;
  readonly valid: string;
  readonly definition: string | null;
}

/** Indexes by oid of their relation. */
export async function readIndexes(
  session: Session,
  nameOf: (relation: string, attnum: number) => string,
): Promise<Map<string, Index[]>> {
  const nullsNotDistinct = session.serverVersion >= 150000 ? 'i.indnullsnotdistinct' : 'false';
  const { rows } = await session.query<IndexRow>(
    `select i.indrelid::text as relation, x.relname as name, i.indisunique::text as "unique", i.indisprimary::text as "primary",
       i.indisexclusion::text as exclusion, k.conname as constraint,
       (select json_agg(key order by place) from unnest(i.indkey::int2[]) with ordinality as u (key, place) where place <= i.indnkeyatts)::text as keys,
       case when i.indexprs is not null then
         (select json_agg(pg_get_indexdef(i.indexrelid, place::int, false) order by place)
          from unnest(i.indkey::int2[]) with ordinality as u (key, place) where place <= i.indnkeyatts)::text end as expressions,
       (select json_agg((select format('%I.%I', n2.nspname, l.collname) from pg_collation l join pg_namespace n2 on n2.oid = l.collnamespace
            where l.oid = u.own and l.oid <> coalesce((select a.attcollation from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[place - 1]
              and a.attnum > 0), 'pg_catalog."default"'::regcollation)) order by place)
          from unnest(i.indcollation::oid[]) with ordinality as u (own, place) where place <= i.indnkeyatts)::text as collations,
       pg_get_expr(i.indpred, i.indrelid) as predicate, ${nullsNotDistinct}::text as nulls_not_distinct,
       (i.indisvalid and i.indisready and i.indislive)::text as valid, pg_get_indexdef(i.indexrelid) as definition
     from pg_index i
     join pg_class x on x.oid = i.indexrelid
     join pg_class c on c.oid = i.indrelid
     join pg_namespace n on n.oid = c.relnamespace
     left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u', 'x')
     where ${userRelation}
     order by i.indrelid, x.relname collate "C"`,
  );
  return byRelation(rows, (row) => {
    const keys = JSON.parse(row.keys) as number[];
    const expressions = row.expressions === null ? [] : (JSON.parse(row.expressions) as string[]);
    const collations = JSON.parse(row.collations) as (string | null)[];
    const collated = (expression: string, place: number): string =>
      collations[place] == null ? expression : `${expression} COLLATE ${collations[place]}`;
    const columns = keys.map((attnum) => (attnum > 0 ? nameOf(row.relation, attnum) : null));
    return {
      name: row.name,
      unique: flag(row, 'unique'),
      primary: flag(row, 'primary'),
      constraint: row.constraint,
      exclusion: flag(row, 'exclusion'),
      columns,
      keyExpressions: columns.map((name, place) =>
        collated(name === null ? (expressions[place] as string) : identifier(name), place),
      ),
      predicate: row.predicate,
      nullsNotDistinct: flag(row, 'nulls_not_distinct'),
      valid: flag(row, 'valid'),
      definition: row.definition ?? '',
    };
  });
}

/** Users' own triggers by oid of their relation; a partition's copies of its parent's triggers are left out. */
export async function readTriggers(session: Session): Promise<Map<string, Trigger[]>> {
  const { rows } = await session.query<{ relation: string; name: string; enabled: string; definition: string }>(
    `select g.tgrelid::text as relation, g.tgname as name, g.tgenabled::text as enabled, pg_get_triggerdef(g.oid) as definition
     from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
     where not g.tgisinternal and g.tgparentid = 0 and ${userRelation}
     order by g.tgrelid, g.tgname collate "C"`,
  );
  return byRelation(rows, ({ name, enabled, definition }) => ({
    name,
    enabled: enabled as Trigger['enabled'],
    definition,
  }));
}

function byRelation<Row extends { readonly relation: string }, Item>(
  rows: readonly Row[],
  make: (row: Row) => Item,
): Map<string, Item[]> {
  const found = new Map<string, Item[]>();
  for (const row of rows) {
    const own = found.get(row.relation) ?? [];
    if (own.length === 0) found.set(row.relation, own);
    own.push(make(row));
  }
  return found;
}

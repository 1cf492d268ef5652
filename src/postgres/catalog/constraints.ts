import type { CheckConstraint, KeyConstraint } from '../../contract/catalog';
import type { Session } from '../session';
import { userRelation } from './relations';
import { flag } from '../row';

/** A foreign key with its columns still as numbers: the referenced ones belong to another relation. */
export interface ForeignKeyRow {
  readonly name: string;
  readonly columns: readonly number[];
  readonly references: string;
  readonly referencedColumns: readonly number[];
  readonly definition: string;
  readonly matchFull: boolean;
  readonly validated: boolean;
  readonly operators: readonly string[];
}

export interface RelationConstraints {
  primaryKey: KeyConstraint | null;
  readonly checks: CheckConstraint[];
  readonly foreignKeys: ForeignKeyRow[];
}

interface ConstraintRow {
  readonly relation: string;
  readonly name: string;
  readonly contype: string;
  readonly columns: string | null;
  readonly references: string;
  readonly referenced_columns: string | null;
  readonly definition: string | null;
  readonly expression: string | null;
  readonly match_full: string;
  readonly validated: string;
  readonly operators: string | null;
}

/**
 * Primary keys, checks and foreign keys by oid of their relation. Foreign keys that a partition has from its parent, and the
 * copies PostgreSQL keeps for each referenced partition, are left out: they come and go with the parent's. So are rules that are NOT ENFORCED.
 */
export async function readConstraints(
  session: Session,
  nameOf: (relation: string, attnum: number) => string,
): Promise<Map<string, RelationConstraints>> {
  const { rows } = await session.query<ConstraintRow>(
    `select k.conrelid::text as relation, k.conname as name, k.contype::text as contype, to_json(k.conkey)::text as columns,
       k.confrelid::text as references, to_json(k.confkey)::text as referenced_columns,
       case when k.contype = 'f' then pg_get_constraintdef(k.oid) end as definition,
       case when k.contype = 'c' then pg_get_expr(k.conbin, k.conrelid) end as expression,
       (k.confmatchtype = 'f')::text as match_full, k.convalidated::text as validated,
       (select json_agg(format('OPERATOR(%I.%s)', n2.nspname, o.oprname) order by u.place)::text
        from unnest(k.conpfeqop) with ordinality as u (oid, place) join pg_operator o on o.oid = u.oid
        join pg_namespace n2 on n2.oid = o.oprnamespace) as operators
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
     where (k.contype in ('p', 'c') or k.contype = 'f' and k.conparentid = 0) and ${userRelation}
       -- since version 18 a CHECK or a foreign key need not be enforced
       and coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
     order by k.conrelid, k.conname collate "C"`,
  );
  const found = new Map<string, RelationConstraints>();
  for (const row of rows) {
    const own = found.get(row.relation) ?? { primaryKey: null, checks: [], foreignKeys: [] };
    found.set(row.relation, own);
    const attnums = numbers(row.columns);
    const names = (): string[] => attnums.map((attnum) => nameOf(row.relation, attnum));
    const validated = flag(row, 'validated');
    if (row.contype === 'p') own.primaryKey = { name: row.name, columns: names() };
    else if (row.contype === 'c') {
      own.checks.push({ name: row.name, columns: names(), expression: row.expression ?? '', validated });
    } else {
      own.foreignKeys.push({
        name: row.name,
        columns: attnums,
        references: row.references,
        referencedColumns: numbers(row.referenced_columns),
        definition: row.definition ?? '',
        matchFull: flag(row, 'match_full'),
        validated,
        operators: row.operators === null ? [] : (JSON.parse(row.operators) as string[]),
      });
    }
  }
  return found;
}

function numbers(json: string | null): number[] {
  // a check over the whole row has column number 0
  return json === null ? [] : (JSON.parse(json) as number[]).filter((attnum) => attnum > 0);
}

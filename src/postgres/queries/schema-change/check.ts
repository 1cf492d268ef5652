import type { CheckAside } from '../../../contract/compiled';
import type { CheckDetail } from '../../../rollback/step-detail';
import { identifier, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { nameOf } from './tables';

/** The CHECKs that are set aside, as they are defined, those of parents before those of partitions. Inherited ones come and go with their parent's. */
export async function readChecksAside(session: Session, checks: readonly CheckAside[]): Promise<CheckDetail[]> {
  if (checks.length === 0) return [];
  const wanted = checks.map(({ mapping, relation, name, finding, reads }) => ({
    mapping,
    schema: relation.schema,
    relation: relation.name,
    name,
    finding,
    reads,
  }));
  const { rows } = await session.query<{ doc: string }>(
    `select jsonb_build_object('mapping', w.mapping, 'finding', w.finding, 'reads', w.reads, 'relation', ${nameOf('c.oid')}, 'name', k.conname,
       'definition', pg_catalog.pg_get_constraintdef(k.oid), 'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid),
       'columns', coalesce((select jsonb_agg(a.attname order by a.attnum) from pg_catalog.pg_attribute a
          where a.attrelid = k.conrelid and a.attnum = any (k.conkey)), '[]'),
       'comment', pg_catalog.obj_description(k.oid, 'pg_constraint'), 'validated', k.convalidated)::text as doc
     from jsonb_to_recordset($1::jsonb) as w (mapping text, schema text, relation text, name text, finding text, reads boolean)
     join pg_catalog.pg_namespace n on n.nspname = w.schema
     join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relation
     join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.conname = w.name and k.contype = 'c'
     where k.conislocal and coalesce(to_jsonb(k) ->> 'conenforced', 'true') = 'true'
     order by (select count(*) from pg_catalog.pg_partition_ancestors(c.oid)), ${nameOf('c.oid')}::text, k.conname`,
    [JSON.stringify(wanted)],
  );
  return rows.map((row) => JSON.parse(row.doc) as CheckDetail);
}

/** Whether the expression is false for some row; raises what it raises. */
export async function anyBreaks(session: Session, { relation, expression }: CheckDetail): Promise<boolean> {
  const { rows } = await session.query<{ n: string }>(
    `select count(*)::text as n from ${qualified(relation)} where (${expression}) is false`,
  );
  return rows[0]?.n !== '0';
}

/** A function for this transaction that says whether a CHECK lets a row be: a row for which it raises an error is none that it lets be. */
export async function createCheckFunction(session: Session, { relation, expression }: CheckDetail): Promise<string> {
  const name = `rowproof.${identifier(`check_${session.pid}`)}`;
  const body = `begin
      return (select (${expression}) is not false from (select (row_in_question).*) as candidate);
    exception when others then
      return false;
    end`;
  await session.query(
    `create or replace function ${name}(row_in_question ${qualified(relation)}) returns boolean language plpgsql as ${dollar(body)}`,
  );
  return name;
}

export async function dropCheckFunction(session: Session, name: string): Promise<void> {
  await session.query(`drop function ${name}`);
}

function dollar(body: string): string {
  let tag = '$rowproof$';
  for (let n = 1; body.includes(tag); n++) tag = `$rowproof${n}$`;
  return `${tag}${body}${tag}`;
}

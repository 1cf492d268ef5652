import type { QualifiedName } from '../../../contract/catalog';
import { identifier, literal, qualified } from '../../../sql/quote';
import { countJoining } from '../../bulk-join';
import { deferredKey, deferredTable } from '../../ledger/quarantine/deferred';
import type { Session } from '../../session';
import type { LiveReference } from './reference';

/** A unique index as it stands now. */
export interface LiveUnique {
  readonly name: string;
  /** SQL over the bare columns of the table, one an index key. */
  readonly expressions: readonly string[];
  /** `OPERATOR(schema.=)` of each. */
  readonly operators: readonly string[];
  readonly predicate: string | null;
  readonly nullsNotDistinct: boolean;
}

/** The unique indexes of a table; of a partitioned one those of its root. */
export async function uniquesOf(session: Session, table: QualifiedName): Promise<LiveUnique[]> {
  const { rows } = await session.query<{ document: string }>(
    `select jsonb_build_object(
       'name', ic.relname,
       'expressions', (select jsonb_agg(pg_get_indexdef(i.indexrelid, n, false) order by n) from generate_series(1, i.indnkeyatts) n),
       'operators', (select jsonb_agg(format('OPERATOR(%I.%s)', opn.nspname, o.oprname) order by k.n)
          from unnest(i.indclass::oid[]) with ordinality as k (class, n)
          join pg_opclass c on c.oid = k.class
          join pg_amop a on a.amopfamily = c.opcfamily and a.amoplefttype = c.opcintype and a.amoprighttype = c.opcintype
            and a.amopstrategy = 3
          join pg_operator o on o.oid = a.amopopr join pg_namespace opn on opn.oid = o.oprnamespace
          where k.n <= i.indnkeyatts),
       'predicate', pg_get_expr(i.indpred, i.indrelid),
       'nullsNotDistinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false))::text as document
     from pg_index i join pg_class ic on ic.oid = i.indexrelid join pg_class tc on tc.oid = i.indrelid
     join pg_namespace tn on tn.oid = tc.relnamespace
     where i.indisunique and i.indisvalid and tn.nspname = $1 and tc.relname = $2 order by ic.relname`,
    [table.schema, table.name],
  );
  return rows.map((row) => JSON.parse(row.document) as LiveUnique);
}

/** Keys of held rows that wait for these reasons behind one constraint. $1 run, $2 mapping, $3 constraint, $4 reasons. */
const waiting = `${identifier(deferredKey)} in (select q.source_key from rowproof.quarantine q where q.run = $1 and q.mapping = $2
  and q.constraint_name = $3 and q.reason = any($4::text[]))`;

/** Rows held as duplicates whose value no row of the target has: they should have come in. */
export async function countDeferredWithoutHolder(
  session: Session,
  run: string,
  mapping: string,
  table: QualifiedName,
  unique: LiveUnique,
): Promise<number> {
  // names that no column of the table can shadow by accident, whatever it calls its columns
  const name = (index: number): string => identifier(`rowproof value ${index}`);
  const values = unique.expressions.map((one, index) => `(${one}) as ${name(index)}`);
  const same = unique.expressions.map((one, index) => {
    const equal = `(${one}) ${unique.operators[index] ?? '='} w.${name(index)}`;
    return unique.nullsNotDistinct ? `(${equal} or ((${one}) is null and w.${name(index)} is null))` : equal;
  });
  const existing = [...same, ...(unique.predicate === null ? [] : [`(${unique.predicate})`])].join(' and ');
  return countJoining(
    session,
    `select count(*)::text as n from (select ${values.join(', ')} from ${qualified(deferredTable(run, mapping))} where ${waiting}) w
     where not exists (select from ${qualified(table)} where ${existing})`,
    [run, mapping, unique.name, ['duplicate']],
  );
}

/** Rows held for want of a parent that the target has. */
export async function countDeferredWithParent(
  session: Session,
  run: string,
  mapping: string,
  reference: LiveReference,
): Promise<number> {
  const pairs = reference.columns.map(
    (column, index) =>
      `p.${identifier(reference.parentColumns[index] as string)} ${reference.operators[index] ?? '='} w.${identifier(column)}`,
  );
  return countJoining(
    session,
    `select count(*)::text as n from (select * from ${qualified(deferredTable(run, mapping))} where ${waiting}) w
     where exists (select from ${qualified(reference.parent)} p where ${pairs.join(' and ')})`,
    [run, mapping, reference.name, ['orphan', 'parent_quarantined', 'parent_out_of_scope']],
  );
}

/** Rows that wait in a held table without an entry in quarantine. */
export async function countDeferredUnbooked(session: Session, run: string, mapping: string): Promise<number> {
  return countJoining(
    session,
    `select count(*)::text as n from ${qualified(deferredTable(run, mapping))} h where not exists (select from rowproof.quarantine q
       where q.run = $1 and q.mapping = $2 and q.source_key = h.${identifier(deferredKey)}
         and q.reason in (${['duplicate', 'orphan', 'parent_quarantined', 'parent_out_of_scope'].map(literal).join(', ')}))`,
    [run, mapping],
  );
}

import type { QualifiedName } from '../../../contract/catalog';
import type { SequenceDetail } from '../../../rollback/step-detail';
import { identifier, literal, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { mappedTree, nameOf, tablesParameter, type MappedTable } from '../schema-change/tables';
import { flag } from '../../row';

/** Position of a sequence, as text. */
export interface SequencePosition {
  readonly lastValue: string;
  readonly isCalled: boolean;
}

/** Sequences that a relation's columns own or draw their default from: `(relation, attnum, sequence)` for all relations. */
const sequenceUses = `(
    select d.refobjid as relation, d.refobjsubid as attnum, d.objid as sequence
    from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
      and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    union
    select def.adrelid, def.adnum, d.refobjid
    from pg_catalog.pg_depend d join pg_catalog.pg_attrdef def on def.oid = d.objid
    where d.classid = 'pg_catalog.pg_attrdef'::regclass and d.refclassid = 'pg_catalog.pg_class'::regclass
  )`;

/** Sequences of the mapped tables, and `more`, with their position and the integer columns of these tables that they feed. */
export async function readSequences(
  session: Session,
  tables: readonly MappedTable[],
  more: readonly QualifiedName[],
): Promise<SequenceDetail[]> {
  const { rows } = await session.query<{ doc: string }>(
    `${mappedTree}
     select jsonb_build_object('sequence', ${nameOf('s.seqrelid')}, 'start', s.seqstart::text, 'increment', s.seqincrement::text,
       'min', s.seqmin::text, 'max', s.seqmax::text, 'cycle', s.seqcycle,
       'shared', exists (select from ${sequenceUses} u where u.sequence = s.seqrelid and u.relation not in (select oid from tree)),
       'columns', (select jsonb_agg(jsonb_build_object('mapping', x.mapping, 'relation', ${nameOf('x.oid')}, 'column', a.attname)
            order by x.mapping, a.attnum) filter (where b.typname in ('int2', 'int4', 'int8', 'numeric'))
          from (select distinct tree.mapping, tree.oid, u.attnum from ${sequenceUses} u join tree on tree.oid = u.relation and tree.depth = 0
                where u.sequence = s.seqrelid) x
          join pg_catalog.pg_attribute a on a.attrelid = x.oid and a.attnum = x.attnum
          join pg_catalog.pg_type t on t.oid = a.atttypid
          join pg_catalog.pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end))::text as doc
     from pg_catalog.pg_sequence s
     where s.seqrelid in (select u.sequence from ${sequenceUses} u join tree on tree.oid = u.relation
       union all select c.oid from jsonb_to_recordset($2::jsonb) as m (schema text, name text)
       join pg_catalog.pg_namespace n on n.nspname = m.schema
       join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = m.name and c.relkind = 'S')
     order by ${nameOf('s.seqrelid')}::text`,
    [tablesParameter(tables), JSON.stringify(more)],
  );
  const details: SequenceDetail[] = [];
  for (const row of rows) {
    const found = JSON.parse(row.doc) as Omit<SequenceDetail, 'lastValue' | 'isCalled'> & {
      columns: SequenceDetail['columns'] | null;
    };
    const position = await readSequencePosition(session, found.sequence);
    details.push({ ...found, ...position, columns: found.columns ?? [] });
  }
  return details;
}

export async function readSequencePosition(session: Session, sequence: QualifiedName): Promise<SequencePosition> {
  const { rows } = await session.query<{ last_value: string; called: string }>(
    `select last_value::text as last_value, is_called::text as called from ${qualified(sequence)}`,
  );
  const row = rows[0] as { last_value: string; called: string };
  return { lastValue: row.last_value, isCalled: flag(row, 'called') };
}

/** The last value that a sequence gave out, as text; null while it has given none. */
export async function lastGiven(session: Session, sequence: QualifiedName): Promise<string | null> {
  const { rows } = await session.query<{ start: string; increment: string }>(
    `select s.seqstart::text as start, s.seqincrement::text as increment from pg_catalog.pg_sequence s
     where s.seqrelid = ${literal(qualified(sequence))}::regclass`,
  );
  const { lastValue, isCalled } = await readSequencePosition(session, sequence);
  const { start, increment } = rows[0] as { start: string; increment: string };
  if (isCalled) return lastValue;
  return lastValue === start ? null : (BigInt(lastValue) - BigInt(increment)).toString();
}

/** Not transactional: PostgreSQL keeps it even when the transaction rolls back. */
export async function setSequence(
  session: Session,
  sequence: QualifiedName,
  position: SequencePosition,
): Promise<void> {
  await session.query(`select pg_catalog.setval(${literal(qualified(sequence))}::regclass, $1::bigint, $2::boolean)`, [
    position.lastValue,
    position.isCalled,
  ]);
}

/** Largest (or smallest) value of a column, as text; null when there is none. Whole numbers only. */
export async function columnExtreme(
  session: Session,
  relation: QualifiedName,
  column: string,
  extreme: 'max' | 'min',
): Promise<string | null> {
  const rounded = extreme === 'max' ? 'ceil' : 'floor';
  const { rows } = await session.query<{ value: string | null }>(
    `select pg_catalog.${rounded}(pg_catalog.${extreme}(${identifier(column)})::numeric)::text as value from ${qualified(relation)}`,
  );
  return rows[0]?.value ?? null;
}

/** Whether a valid, unconditional B-tree index begins with the column: its largest value is then found without reading the table. */
export async function hasLeadingIndex(session: Session, relation: QualifiedName, column: string): Promise<boolean> {
  const { rowCount } = await session.query(
    `select 1 from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid
     join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
     join pg_catalog.pg_class ic on ic.oid = i.indexrelid join pg_catalog.pg_am am on am.oid = ic.relam
     where n.nspname = $1 and c.relname = $2 and a.attname = $3 and i.indisvalid and i.indpred is null and am.amname = 'btree'
     limit 1`,
    [relation.schema, relation.name, column],
  );
  return rowCount > 0;
}

/** Position of the sequence behind a source column that was drawn from already; null when there is none or it may not be read. */
export async function sourceSequenceValue(
  session: Session,
  relation: QualifiedName,
  column: string,
): Promise<string | null> {
  // readable in the list and not in WHERE: PostgreSQL would ask it of relations that are no sequences
  const { rows } = await session.query<{ doc: string; readable: string }>(
    `select ${nameOf('u.sequence')}::text as doc, (pg_catalog.has_sequence_privilege(u.sequence, 'SELECT')
       and pg_catalog.has_schema_privilege((select relnamespace from pg_catalog.pg_class where oid = u.sequence), 'USAGE'))::text as readable
     from ${sequenceUses} u
     join pg_catalog.pg_class c on c.oid = u.relation join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = u.attnum
     join pg_catalog.pg_sequence s on s.seqrelid = u.sequence
     where n.nspname = $1 and c.relname = $2 and a.attname = $3`,
    [relation.schema, relation.name, column],
  );
  let value: bigint | null = null;
  for (const row of rows) {
    if (row.readable !== 'true') continue;
    const position = await readSequencePosition(session, JSON.parse(row.doc) as QualifiedName);
    if (position.isCalled && (value === null || BigInt(position.lastValue) > value)) value = BigInt(position.lastValue);
  }
  return value === null ? null : value.toString();
}

import type { QualifiedName } from '../../../contract/catalog';
import {
  type WriteBlock,
  writeBlockBody,
  writeBlockFunction,
  writeBlockTrigger,
  rowWriteBlockName,
} from '../../../cutover/write-block-sql';
import { identifier, qualified } from '../../../sql/quote';
import type { Session } from '../../session';
import { relationNames, tableTree } from '../schema-change/table-tree';

/** A table into which a write can be addressed. */
export interface WritableTable extends QualifiedName {
  /** False for one whose rows are in its partitions. */
  readonly holdsRows: boolean;
}

/** The relations with all partitions and inheritance children: every table into which a write can be addressed. Sorted. */
export async function writableTree(session: Session, relations: readonly QualifiedName[]): Promise<WritableTable[]> {
  const { rows } = await session.query<{ schema: string; name: string; kind: string }>(
    `with recursive ${tableTree}
     select n.nspname as schema, c.relname as name, c.relkind::text as kind
     from tree join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p') order by n.nspname, c.relname`,
    [relationNames(relations)],
  );
  return rows.map(({ schema, name, kind }) => ({ schema, name, holdsRows: kind === 'r' }));
}

/** Relations on which all of a gate is there and fires for everybody. */
export async function blockedRelations(session: Session, name: string): Promise<QualifiedName[]> {
  return triggersOf(session, name, true);
}

async function triggersOf(session: Session, name: string, firing: boolean): Promise<QualifiedName[]> {
  const { rows } = await session.query<{ schema: string; name: string }>(
    `select n.nspname as schema, c.relname as name
     from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
     join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace and pn.nspname = 'rowproof'
     join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where t.tgname in ($1, $3) and p.proname = $1
     group by n.nspname, c.relname, c.relkind
     having not $2::boolean
       or count(*) filter (where t.tgenabled = 'A') = case c.relkind when 'p' then 1 else 2 end
     order by n.nspname, c.relname`,
    [name, firing, rowWriteBlockName(name)],
  );
  return rows.map((row) => ({ schema: row.schema, name: row.name }));
}

/**
 * Creates a gate in the caller's transaction; relations on which all of it fires keep it, what is left of it elsewhere is made anew.
 * Creates schema rowproof where it is missing.
 */
export async function createWriteBlock(
  session: Session,
  gate: WriteBlock,
  relations: readonly WritableTable[],
): Promise<void> {
  const { rowCount } = await session.query(`select 1 from pg_catalog.pg_namespace where nspname = 'rowproof'`);
  if (rowCount === 0) await session.query('create schema rowproof');
  const whole = new Set((await triggersOf(session, gate.name, true)).map(qualified));
  const part = new Set((await triggersOf(session, gate.name, false)).map(qualified));
  const statements = relations
    .filter((relation) => !whole.has(qualified(relation)))
    .flatMap((relation) => [
      ...(part.has(qualified(relation)) ? dropTriggers(gate.name, relation) : []),
      ...writeBlockTrigger(gate, relation, relation.holdsRows),
    ]);
  // one message: under a barrier every round trip keeps writers waiting
  await session.query([writeBlockFunction(gate), ...statements].join(';\n'));
}

function dropTriggers(name: string, relation: QualifiedName): string[] {
  return [name, rowWriteBlockName(name)].map(
    (trigger) => `drop trigger if exists ${identifier(trigger)} on ${qualified(relation)}`,
  );
}

/** Whether the whole gate stands: on every one of the relations, firing for everybody, and refusing what it has to. */
export async function writeBlockIsWhole(
  session: Session,
  gate: WriteBlock,
  relations: readonly QualifiedName[],
): Promise<boolean> {
  const { rowCount } = await session.query(
    `select 1 from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'rowproof' and p.proname = $1 and p.prosrc = $2`,
    [gate.name, writeBlockBody(gate)],
  );
  const gated = new Set((await blockedRelations(session, gate.name)).map(qualified));
  return rowCount > 0 && relations.every((relation) => gated.has(qualified(relation)));
}

/** Relations that carry a trigger of the gate, in whatever state. */
export async function writeBlockTriggers(session: Session, name: string): Promise<QualifiedName[]> {
  return triggersOf(session, name, false);
}

/** Drops the gate's triggers on one relation. */
export async function dropWriteBlockTrigger(session: Session, name: string, relation: QualifiedName): Promise<void> {
  await session.query(dropTriggers(name, relation).join(';\n'));
}

/** Drops the gate's function, once no trigger calls it. */
export async function dropWriteBlockFunction(session: Session, name: string): Promise<void> {
  const { rowCount } = await session.query(
    `select 1 from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'rowproof' and p.proname = $1`,
    [name],
  );
  if (rowCount > 0) await session.query(`drop function rowproof.${identifier(name)}()`);
}

/** Drops schema rowproof when nothing is in it and it is ours to drop. */
export async function dropEmptySchema(session: Session): Promise<void> {
  const { rowCount } = await session.query(
    `select 1 from pg_catalog.pg_namespace n where n.nspname = 'rowproof' and pg_catalog.pg_has_role(n.nspowner, 'USAGE')
       and not exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid)
       and not exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid)
       and not exists (select from pg_catalog.pg_type t where t.typnamespace = n.oid)`,
  );
  if (rowCount > 0) await session.query('drop schema rowproof');
}

/** Says for the whole session which run writes: the guard of a target lets that run through. */
export async function writeAs(session: Session, run: string): Promise<void> {
  await session.query(`select pg_catalog.set_config('rowproof.run', $1, false)`, [run]);
}

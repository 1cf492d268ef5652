import type { QualifiedName } from '../contract/catalog';
import { identifier, literal, qualified } from '../sql/quote';

/** Triggers that refuse writes: the freeze of a source and the guard of a target. */
export interface WriteBlock {
  /** Of the function in schema rowproof and of every trigger. */
  readonly name: string;
  /** Continues "table s.t …". */
  readonly sentence: string;
  /** Sessions whose setting `rowproof.run` is this run may write; null: nobody may. */
  readonly letThrough: string | null;
}

/** read_only_sql_transaction: what drivers and poolers take for a server that does not take writes now. */
const sqlstate = '25006';

/** What the function of a gate does. */
export function writeBlockBody(gate: WriteBlock): string {
  const pass =
    gate.letThrough === null
      ? ''
      : `if pg_catalog.current_setting('rowproof.run', true) = ${literal(gate.letThrough)} then return null; end if; `;
  return `begin ${pass}raise exception using errcode = ${literal(sqlstate)}, message = pg_catalog.concat('table ', tg_table_schema, '.', tg_table_name, ${literal(` ${gate.sentence}`)}); end`;
}

/** The function that every trigger of the gate calls. */
export function writeBlockFunction(gate: WriteBlock): string {
  return `create or replace function rowproof.${identifier(gate.name)}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as ${literal(writeBlockBody(gate))}`;
}

/** Name of the triggers that look at single rows. */
export function rowWriteBlockName(name: string): string {
  return `${name}_row`;
}

/**
 * Creates the triggers on one relation (its partitions need their own) so that they also fire for replication roles. The worker of a
 * subscription fires no trigger of statements: where rows are kept (`holdsRows`), each row that it writes is refused as well. After the
 * row, because COPY puts in one row at a time beside a trigger before it.
 */
export function writeBlockTrigger(
  gate: Pick<WriteBlock, 'name' | 'letThrough'>,
  relation: QualifiedName,
  holdsRows: boolean,
): string[] {
  const name = identifier(gate.name);
  const table = qualified(relation);
  const statements = [
    `create trigger ${name} before insert or update or delete or truncate on ${table} for each statement execute function rowproof.${name}()`,
    `alter table only ${table} enable always trigger ${name}`,
  ];
  if (!holdsRows) return statements;
  const row = identifier(rowWriteBlockName(gate.name));
  const others =
    gate.letThrough === null
      ? ''
      : ` when (pg_catalog.current_setting('rowproof.run', true) is distinct from ${literal(gate.letThrough)})`;
  return [
    ...statements,
    `create trigger ${row} after insert or update or delete on ${table} for each row${others} execute function rowproof.${name}()`,
    `alter table only ${table} enable always trigger ${row}`,
  ];
}

/** The freeze of a source: nobody writes, not its owner, not a superuser. */
export function freezeBlock(name: string, run: string): WriteBlock {
  return {
    name,
    sentence: `was moved by rowproof run ${run} and no longer takes writes here`,
    letThrough: null,
  };
}

/** The guard of a target: the run itself may write. */
export function guardBlock(name: string, run: string): WriteBlock {
  return { name, sentence: `is being migrated by rowproof run ${run}; it opens at the cutover`, letThrough: run };
}

import type { QualifiedName } from '../contract/catalog';
import { identifier, literal, qualified } from '../sql/quote';

/** Triggers that refuse writes: the freeze of a source and the guard of a target. */
export interface Gate {
  /** Of the function in schema rowproof and of every trigger. */
  readonly name: string;
  /** Continues "table s.t …". */
  readonly sentence: string;
  /** Sessions whose setting `rowproof.run` is this run may write; null: nobody may. */
  readonly letThrough: string | null;
}

/** read_only_sql_transaction: what drivers and poolers take for a server that does not take writes now. */
const sqlstate = '25006';

/** The function that every trigger of the gate calls. */
export function gateFunction(gate: Gate): string {
  const pass =
    gate.letThrough === null
      ? ''
      : `if pg_catalog.current_setting('rowproof.run', true) = ${literal(gate.letThrough)} then return null; end if; `;
  const body = `begin ${pass}raise exception using errcode = ${literal(sqlstate)}, message = pg_catalog.concat('table ', tg_table_schema, '.', tg_table_name, ${literal(` ${gate.sentence}`)}); end`;
  return `create or replace function rowproof.${identifier(gate.name)}() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as ${literal(body)}`;
}

/** Creates the trigger on one relation (its partitions need their own) so that it also fires for replication roles. */
export function gateTrigger(gate: Pick<Gate, 'name'>, relation: QualifiedName): string[] {
  const trigger = identifier(gate.name);
  return [
    `create trigger ${trigger} before insert or update or delete or truncate on ${qualified(relation)} for each statement execute function rowproof.${trigger}()`,
    `alter table only ${qualified(relation)} enable always trigger ${trigger}`,
  ];
}

/** The freeze of a source: nobody writes, not its owner, not a superuser. */
export function freezeGate(name: string, run: string): Gate {
  return {
    name,
    sentence: `was moved by rowproof run ${run} and takes no writes here any more`,
    letThrough: null,
  };
}

/** The guard of a target: the run itself may write. */
export function guardGate(name: string, run: string): Gate {
  return { name, sentence: `is being migrated by rowproof run ${run}; it opens at the cutover`, letThrough: run };
}

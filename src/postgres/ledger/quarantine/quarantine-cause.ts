import { createHash } from 'node:crypto';
import { textArray } from '../../../compile/statements/text-array';
import type { SharedFacts } from '../../../copy/quarantine-cause';
import type { Session } from '../../session';
import { integer } from '../../row';

/** Which rows share causes: those of a batch, those that one adjustment took, or those of all rounds of a mapping. */
export interface CauseOwner {
  readonly run: string;
  readonly mapping: string;
  /** Ordinal of the batch. */
  readonly batch?: number | null;
  /** Id of the adjustment. */
  readonly adjustment?: string | null;
}

export interface NamedCause {
  /** Unique in its mapping. */
  readonly name: string;
  readonly facts: SharedFacts;
  /** How many rows, of a batch. */
  readonly rows?: number;
}

/** A name that owner and facts determine: the same facts never get two of them, other facts never the same. */
export function causeName({ batch, adjustment }: CauseOwner, facts: SharedFacts): string {
  const owner = batch != null ? String(batch) : adjustment != null ? `a${adjustment}` : 'r';
  const { class: kind, reason, finding, column, transform, sqlstate, constraint, findings } = facts;
  const all = JSON.stringify([kind, reason, finding, column, transform, sqlstate, constraint, findings]);
  return `${owner}:${createHash('sha256').update(all).digest('base64url').slice(0, 16)}`;
}

/** The number of a mapping of a run. */
export async function mappingId(session: Session, run: string, mapping: string): Promise<number> {
  const { rows } = await session.query<{ id: string }>(
    `select id::text as id from rowproof.mapping where run = $1 and name = $2`,
    [run, mapping],
  );
  if (rows[0] === undefined) throw new TypeError(`run ${run} has no mapping ${mapping}`);
  return integer(rows[0], 'id');
}

/** Writes down what rows in quarantine have in common, in the caller's transaction; those with a name that is known stay. Returns how many are new. */
export async function noteCauses(
  session: Session,
  { run, mapping, batch, adjustment }: CauseOwner,
  causes: readonly NamedCause[],
): Promise<number> {
  if (causes.length === 0) return 0;
  const { rowCount } = await session.query(
    `insert into rowproof.quarantine_cause (mapping, cause, class, reason, finding, column_name, transform, sqlstate,
       constraint_name, findings, batch, adjustment, rows)
     select m.id, u.cause, u.class, u.reason, u.finding, u.column_name, u.transform, u.sqlstate, u.constraint_name,
       u.findings::text[], $3::int, $4::bigint, u.rows
     from rowproof.mapping m, unnest($5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::bigint[])
       as u (cause, class, reason, finding, column_name, transform, sqlstate, constraint_name, findings, rows)
     where m.run = $1 and m.name = $2 on conflict do nothing`,
    [
      run,
      mapping,
      batch ?? null,
      adjustment ?? null,
      causes.map(({ name }) => name),
      causes.map(({ facts }) => facts.class),
      causes.map(({ facts }) => facts.reason),
      causes.map(({ facts }) => facts.finding),
      causes.map(({ facts }) => facts.column),
      causes.map(({ facts }) => facts.transform),
      causes.map(({ facts }) => facts.sqlstate),
      causes.map(({ facts }) => facts.constraint),
      causes.map(({ facts }) => textArray(facts.findings)),
      causes.map(({ rows }) => rows ?? null),
    ],
  );
  return rowCount;
}

/** Notes what rows that a round quarantines have in common; resolves to its name. */
export async function noteRoundCause(
  session: Session,
  [run, mapping]: readonly [string, string],
  facts: SharedFacts,
): Promise<string> {
  const owner = { run, mapping };
  const name = causeName(owner, facts);
  await noteCauses(session, owner, [{ name, facts }]);
  return name;
}

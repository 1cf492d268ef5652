import type { QuarantineCause, SharedFacts } from '../../../copy/quarantine-cause';
import { textArray } from '../../../compile/statements/text-array';
import { replicaIdentityFull } from '../../../sql/replica-identity';
import { ownTables } from '../../queries/copy/careful';
import type { Session } from '../../session';

/** SQL over rows that lie on the target. */
export interface BadRows {
  /** FROM, with the alias `r`. */
  readonly from: string;
  /** Text. */
  readonly key: string;
  /** Text; null where the row is not bad. */
  readonly cause: string;
  /** jsonb. */
  readonly refs: string;
}

/** Creates a table for rows that the source rejects, inside the caller's transaction; where the role may not have temporary ones, in schema rowproof. */
export async function createRejectedTable(session: Session): Promise<string> {
  const { temporary, name } = await ownTables(session);
  const table = name('rejected');
  await session.query(`create table ${table} (key text, cause text, refs text)`);
  if (!temporary) await session.query(replicaIdentityFull(table));
  return table;
}

export function rejectedRowsOf(table: string): BadRows {
  return { from: `${table} as r`, key: 'r.key', cause: 'r.cause', refs: 'r.refs::jsonb' };
}

/** How many of the rows have each cause, and what `factsOf` says of it. */
export async function causesOf(
  session: Session,
  bad: Omit<BadRows, 'refs'>,
  factsOf: (cause: string) => SharedFacts,
): Promise<QuarantineCause[]> {
  const { rows } = await session.query<{ cause: string; n: string }>(
    `select ${bad.cause} as cause, pg_catalog.count(*)::text as n from ${bad.from} where ${bad.cause} is not null group by 1`,
  );
  return rows.map(({ cause, n }) => ({ name: cause, rows: Number(n), facts: factsOf(cause) }));
}

/** Writes rows that lie on the target into the quarantine of a batch, in one statement of the caller's transaction; resolves to how many. */
export async function writeQuarantineInBulk(
  session: Session,
  batch: { readonly run: string; readonly mapping: string; readonly ordinal: number },
  bad: BadRows,
  causes: readonly QuarantineCause[],
): Promise<number> {
  const { rowCount } = await session.query(
    `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, column_name, transform, sqlstate,
       constraint_name, findings, refs, batch)
     select $1, $2, ${bad.key}, f.class, f.reason, f.finding, f.column_name, f.transform, f.sqlstate,
       f.constraint_name, f.findings, ${bad.refs}, $3::int
     from ${bad.from} join (
       select cause, class, reason, finding, column_name, transform, sqlstate, constraint_name, findings::text[] as findings
       from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
         as u (cause, class, reason, finding, column_name, transform, sqlstate, constraint_name, findings) offset 0
     ) f on f.cause = ${bad.cause}`,
    [
      batch.run,
      batch.mapping,
      batch.ordinal,
      causes.map(({ name }) => name),
      causes.map(({ facts }) => facts.class),
      causes.map(({ facts }) => facts.reason),
      causes.map(({ facts }) => facts.finding),
      causes.map(({ facts }) => facts.column),
      causes.map(({ facts }) => facts.transform),
      causes.map(({ facts }) => facts.sqlstate),
      causes.map(({ facts }) => facts.constraint),
      causes.map(({ facts }) => textArray(facts.findings)),
    ],
  );
  return rowCount;
}

import type { Session } from '../../session';
import { integer } from '../../row';

export interface Adjustment {
  readonly mapping: string;
  readonly kind: 'unique' | 'foreign_key' | 'check';
  readonly round: number;
  readonly finding: string;
}

/** Opens an adjustment in the caller's transaction; returns its id. */
export async function insertAdjustment(session: Session, run: string, adjustment: Adjustment): Promise<string> {
  const { rows } = await session.query<{ id: string }>(
    `insert into rowproof.adjustment (run, mapping, kind, round, finding) values ($1, $2, $3, $4, $5) returning id::text as id`,
    [run, adjustment.mapping, adjustment.kind, adjustment.round, adjustment.finding],
  );
  return rows[0]?.id as string;
}

/** Writes the effect of an adjustment before its transaction commits: rows that left the target, by class. */
export async function bookAdjustment(
  session: Session,
  run: string,
  id: string,
  moved: { quarantined: number; outOfScope: number },
): Promise<void> {
  await session.query(
    `update rowproof.adjustment set migrated = -($3::bigint + $4::bigint), quarantined = $3::bigint, out_of_scope = $4::bigint where run = $1 and id = $2`,
    [run, id, moved.quarantined, moved.outOfScope],
  );
}

/** All that settle has moved so far, and its last round. */
export async function sumAdjustments(session: Session, run: string): Promise<{ adjusted: number; rounds: number }> {
  const { rows } = await session.query<{ adjusted: string; rounds: string }>(
    `select coalesce(-sum(migrated), 0)::text as adjusted, coalesce(max(round), 0)::text as rounds from rowproof.adjustment where run = $1`,
    [run],
  );
  return { adjusted: integer(rows[0], 'adjusted'), rounds: integer(rows[0], 'rounds') };
}

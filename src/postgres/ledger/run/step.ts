import { fail } from '../../../errors/rowproof-error';
import type { Step, StepDetails, StepKind, StepState } from '../../../rollback/step-detail';
import { holdersByName, lockByName } from '../../advisory-lock';
import type { Session } from '../../session';
import { integer } from '../../row';

/** First key of the advisory lock that serialises everything that changes the target outside batches; the run is the second. */
const stepLockClass = 0x72706673;

interface StepRow {
  readonly ordinal: string;
  readonly kind: string;
  readonly subject: string;
  readonly detail: string;
  readonly state: string;
}

function toStep<Kind extends StepKind>(row: StepRow): Step<Kind> {
  return {
    ordinal: integer(row, 'ordinal'),
    kind: row.kind as Kind,
    subject: row.subject,
    detail: JSON.parse(row.detail) as StepDetails[Kind],
    state: row.state as StepState,
  };
}

const stepColumns = 'ordinal::text as ordinal, kind, subject, detail::text as detail, state';

/** Takes the run's step lock until the end of the transaction: 55P03 when another session holds it too long. */
export function lockSteps(session: Session, run: string): Promise<void> {
  return lockByName(session, stepLockClass, run);
}

/** Backends that hold the run's step lock. */
export function stepLockHolders(session: Session, run: string): Promise<{ pid: number; backendStart: string }[]> {
  return holdersByName(session, stepLockClass, run);
}

/** Raises RP5104 once a rollback of the run has begun. Only certain under the step lock. */
export async function refuseAfterRollback(session: Session, run: string): Promise<void> {
  const { rows } = await session.query(`select 1 from rowproof.phase where run = $1 and phase = 'rollback'`, [run]);
  if (rows.length > 0) throw fail('RP5104', `Run ${run} is being rolled back`, { where: { object: run } });
}

/** Marks, for good, that the run is being rolled back. */
export async function noteRollback(session: Session, run: string): Promise<void> {
  await session.query(
    `insert into rowproof.phase (run, phase) values ($1, 'rollback') on conflict (run, phase) do nothing`,
    [run],
  );
}

export async function hasStep(session: Session, run: string, kind: StepKind, subject: string): Promise<boolean> {
  const { rows } = await session.query('select 1 from rowproof.step where run = $1 and kind = $2 and subject = $3', [
    run,
    kind,
    subject,
  ]);
  return rows.length > 0;
}

/** Appends a step; call it in the transaction that made the change. Returns its ordinal. */
export async function insertStep<Kind extends StepKind>(
  session: Session,
  run: string,
  kind: Kind,
  subject: string,
  detail: StepDetails[Kind],
): Promise<number> {
  const { rows } = await session.query<{ ordinal: string }>(
    `insert into rowproof.step (run, ordinal, kind, subject, detail, state)
     select $1, coalesce(max(ordinal), 0) + 1, $2, $3, $4::jsonb, 'done' from rowproof.step where run = $1
     returning ordinal::text as ordinal`,
    [run, kind, subject, JSON.stringify(detail)],
  );
  return integer(rows[0], 'ordinal');
}

/** Steps of a run in the order in which they were taken. */
export async function readSteps<Kind extends StepKind>(
  session: Session,
  run: string,
  kind: Kind,
): Promise<Step<Kind>[]> {
  const { rows } = await session.query<StepRow>(
    `select ${stepColumns} from rowproof.step where run = $1 and kind = $2 order by step.ordinal`,
    [run, kind],
  );
  return rows.map((row) => toStep<Kind>(row));
}

/** Every step of a run in the order in which they were taken. */
export async function readAllSteps(session: Session, run: string): Promise<Step[]> {
  const { rows } = await session.query<StepRow>(
    `select ${stepColumns} from rowproof.step where run = $1 order by step.ordinal`,
    [run],
  );
  return rows.map((row) => toStep(row));
}

/** Steps that a rollback has still to undo, newest first. */
export async function readOpenSteps(
  session: Session,
  run: string,
): Promise<{ ordinal: number; kind: string; subject: string }[]> {
  const { rows } = await session.query<StepRow>(
    `select ordinal::text as ordinal, kind, subject from rowproof.step where run = $1 and state <> 'compensated' order by step.ordinal desc`,
    [run],
  );
  return rows.map((row) => ({ ordinal: integer(row, 'ordinal'), kind: row.kind, subject: row.subject }));
}

/** Sources of a run that its freeze still keeps writers out of; none where there is no such run. */
export async function frozenStill(session: Session, run: string): Promise<string[]> {
  const { rows: ledger } = await session.query(
    `select from pg_catalog.pg_class where oid = pg_catalog.to_regclass('rowproof.step')`,
  );
  if (ledger.length === 0) return [];
  return (await readSteps(session, run, 'freeze'))
    .filter(({ state }) => state === 'done')
    .map(({ subject }) => subject);
}

export async function readStep(session: Session, run: string, ordinal: number): Promise<Step | null> {
  const { rows } = await session.query<StepRow>(
    `select ${stepColumns} from rowproof.step where run = $1 and ordinal = $2`,
    [run, ordinal],
  );
  return rows[0] === undefined ? null : toStep(rows[0]);
}

export async function setStepState(session: Session, run: string, ordinal: number, state: StepState): Promise<void> {
  await session.query(
    `update rowproof.step set state = $3, closed_at = case when $3 = 'done' then null else clock_timestamp() end
     where run = $1 and ordinal = $2`,
    [run, ordinal, state],
  );
}

export async function countSteps(session: Session, run: string): Promise<number> {
  const { rows } = await session.query<{ n: string }>('select count(*)::text as n from rowproof.step where run = $1', [
    run,
  ]);
  return integer(rows[0], 'n');
}

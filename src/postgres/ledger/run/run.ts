import { randomBytes } from 'node:crypto';
import { bringForward } from '../../../compile/bring-forward';
import type { CompiledPlan } from '../../../contract/compiled';
import type { Phase } from '../../../contract/run';
import { fail } from '../../../errors/rowproof-error';
import type { Session } from '../../session';
import { isUndefinedRelation } from '../../sqlstate';
import { joinTransaction } from '../../transaction';
import { createQuarantinePartition } from '../quarantine/quarantine-partition';

export interface RunOptions {
  readonly only?: readonly string[];
  readonly sample?: number;
}

export type RunOutcome = 'complete' | 'failed' | 'aborted' | 'rolled_back' | 'checked';

/** One run without what was compiled. Times are ISO 8601 in UTC. */
export interface RunSummary {
  readonly run: string;
  readonly plan: string;
  readonly digest: string;
  readonly engine: string;
  readonly options: RunOptions;
  readonly phase: Phase;
  readonly outcome: RunOutcome | null;
  readonly sentence: string | null;
  readonly workflowId: string | null;
  readonly executionId: string | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export interface LoadedRun extends RunSummary {
  readonly compiled: CompiledPlan;
  /** 32 random bytes: key digests are HMACs under it. Never leaves the ledger and the worker. */
  readonly secret: Buffer;
}

interface RunRow {
  run: string;
  plan: string;
  digest: string;
  engine: string;
  options: string;
  phase: string;
  outcome: string | null;
  sentence: string | null;
  workflow_id: string | null;
  execution_id: string | null;
  opened_at: string;
  closed_at: string | null;
}

const iso = (column: string): string => `pg_catalog.to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;
const summaryColumns = `run, plan, digest, engine, options, phase, outcome, sentence, workflow_id, execution_id, ${iso('opened_at')}, ${iso('closed_at')}`;

/**
 * One more than any run of plan $1 has, counting runs whose id map outlived their ledger: two runs of one name would mix
 * their maps. The recursion hops over the index from run to run, since an id map holds a row for each migrated row.
 */
const nextOrdinal = `
  with recursive mapped (run) as (
    (select run from rowproof.id_map order by run limit 1)
    union all
    select (select m.run from rowproof.id_map m where m.run > mapped.run order by m.run limit 1) from mapped where mapped.run is not null
  ), used (ordinal) as (
    select ordinal from rowproof.run where plan = $1
    union all
    select case when substr(run, length($1) + 2) ~ '^[0-9]{1,9}$' then substr(run, length($1) + 2)::int end
    from mapped where left(run, length($1) + 1) = $1 || '-'
  )
  select coalesce(max(ordinal), 0) + 1 as ordinal from used`;

/**
 * Opens a run and returns its id, `<plan>-<n>`: numbered per plan from 1, one after the other, also when several open at
 * once. Joins an open transaction. The ledger must exist.
 */
export async function createRun(
  session: Session,
  opening: { readonly plan: string; readonly compiled: CompiledPlan; readonly options: RunOptions },
): Promise<string> {
  const { plan, compiled, options } = opening;
  return joinTransaction(session, async () => {
    await session.query(
      `select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('rowproof.run'), pg_catalog.hashtext($1))`,
      [plan],
    );
    const { rows } = await session.query<{ run: string }>(
      `insert into rowproof.run (run, plan, ordinal, digest, engine, compiled, secret, options)
       select $1::text || '-' || next.ordinal, $1, next.ordinal, $2, $3, $4::json, $5::bytea, $6::jsonb
       from (${nextOrdinal}) as next
       returning run`,
      [
        plan,
        compiled.digest,
        compiled.engine,
        JSON.stringify(compiled),
        `\\x${randomBytes(32).toString('hex')}`,
        JSON.stringify(options),
      ],
    );
    const { run } = rows[0] as { run: string };
    const numbered = await session.query<{ id: string }>(
      `insert into rowproof.mapping (run, name) select $1, m.name from pg_catalog.unnest($2::text[]) as m (name) returning id::text as id`,
      [run, compiled.mappings.map(({ name }) => name)],
    );
    await createQuarantinePartition(
      session,
      run,
      numbered.rows.map(({ id }) => Number(id)),
    );
    return run;
  });
}

/** RP4001 when the ledger has no such run, or there is no ledger; RP4020 where a newer version compiled it. */
export async function loadRun(session: Session, run: string): Promise<LoadedRun> {
  const rows = await read<RunRow & { compiled: string; secret: string }>(
    session,
    `select ${summaryColumns}, compiled, secret from rowproof.run where run = $1`,
    [run],
  );
  const row = rows[0];
  if (row === undefined) throw runNotFound(run);
  return {
    ...summaryOf(row),
    compiled: bringForward(JSON.parse(row.compiled) as Record<string, unknown>),
    secret: Buffer.from(row.secret.slice(2), 'hex'),
  };
}

/** As loadRun without the compiled plan. */
export async function loadRunSummary(session: Session, run: string): Promise<RunSummary> {
  const rows = await read<RunRow>(session, `select ${summaryColumns} from rowproof.run where run = $1`, [run]);
  if (rows[0] === undefined) throw runNotFound(run);
  return summaryOf(rows[0]);
}

/** Id of the newest run of a plan; null when it has none, or there is no ledger. */
export async function latestRun(session: Session, plan: string): Promise<string | null> {
  const rows = await read<{ run: string }>(
    session,
    'select run from rowproof.run where plan = $1 order by ordinal desc limit 1',
    [plan],
  );
  return rows[0]?.run ?? null;
}

/** Newest first; of one plan or of all. Empty when there is no ledger. */
export async function listRuns(session: Session, plan?: string): Promise<RunSummary[]> {
  const rows = await read<RunRow>(
    session,
    `select ${summaryColumns} from rowproof.run r where $1::text is null or plan = $1 order by r.opened_at desc, ordinal desc`,
    [plan ?? null],
  );
  return rows.map(summaryOf);
}

/** Records which workflow drives the run now. */
export async function setWorkflow(
  session: Session,
  run: string,
  workflowId: string,
  executionId: string,
): Promise<void> {
  await changeRun(session, run, 'workflow_id = $2, execution_id = $3', [workflowId, executionId]);
}

/** Closes the run. Closing again replaces outcome and sentence (a failed run that is rolled back) and keeps the first time. */
export async function closeRun(session: Session, run: string, outcome: RunOutcome, sentence: string): Promise<void> {
  await changeRun(
    session,
    run,
    `outcome = $2, sentence = $3, closed_at = coalesce(closed_at, pg_catalog.clock_timestamp()),
     phase = case $2 when 'complete' then 'done' when 'checked' then 'done' when 'rolled_back' then 'rollback' else phase end`,
    [outcome, sentence],
  );
}

/** Puts `now` in the place of a part of the sentence with which the run ended; nothing where it did not say that. */
export async function replaceInSentence(session: Session, run: string, part: string, now: string): Promise<void> {
  await changeRun(session, run, 'sentence = pg_catalog.replace(sentence, $2, $3)', [part, now]);
}

/** Opens a closed run again: the next attempt goes on from the ledger. */
export async function reopenRun(session: Session, run: string): Promise<void> {
  await changeRun(session, run, 'outcome = null, sentence = null, closed_at = null', []);
}

async function changeRun(session: Session, run: string, changes: string, values: readonly string[]): Promise<void> {
  const { rowCount } = await session.query(`update rowproof.run set ${changes} where run = $1`, [run, ...values]);
  if (rowCount === 0) throw runNotFound(run);
}

export function runNotFound(run: string): Error {
  return fail('RP4001', `The ledger has no run ${run}`, { where: { object: run } });
}

async function read<Row>(session: Session, sql: string, values: readonly unknown[]): Promise<Row[]> {
  try {
    return (await session.query<Row>(sql, values)).rows;
  } catch (error) {
    // no ledger, no runs
    if (isUndefinedRelation(error)) return [];
    throw error;
  }
}

function summaryOf(row: RunRow): RunSummary {
  return {
    run: row.run,
    plan: row.plan,
    digest: row.digest,
    engine: row.engine,
    options: JSON.parse(row.options) as RunOptions,
    phase: row.phase as Phase,
    outcome: row.outcome as RunOutcome | null,
    sentence: row.sentence,
    workflowId: row.workflow_id,
    executionId: row.execution_id,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  };
}

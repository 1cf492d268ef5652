import type { ReportData } from '../../../report/report-data';
import type { Session } from '../../session';
import { inTransaction } from '../../transaction';
import { readChecks } from './check-result';
import { observeDecisions } from '../decision/decision-effect';
import { readEvents, verifyChain } from './event';
import { readPhases } from './phase';
import { proofTotals } from '../proof/proof';
import { loadRun } from './run';
import { readVerdict } from '../proof/verdict';

const iso = (column: string): string => `pg_catalog.to_char(${column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** One query whose single column is a JSON document a row; numbers are numbers, times are ISO 8601. */
async function documents<T>(session: Session, sql: string, run: string): Promise<T[]> {
  const { rows } = await session.query<{ document: string }>(sql, [run]);
  return rows.map((row) => JSON.parse(row.document) as T);
}

function readBatches(session: Session, run: string): Promise<ReportData['batches'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('mapping', mapping, 'batches', count(*), 'done', count(*) filter (where state = 'done'),
       'blocked', count(*) filter (where state = 'blocked'), 'fast', count(*) filter (where path = 'fast'),
       'careful', count(*) filter (where path = 'careful'), 'retries', coalesce(sum(greatest(attempts - 1, 0)), 0),
       'migrated', coalesce(sum(migrated), 0), 'quarantined', coalesce(sum(quarantined), 0),
       'outOfScope', coalesce(sum(out_of_scope), 0), 'bytes', coalesce(sum(bytes), 0),
       'startedAt', ${iso('min(started_at)')}, 'finishedAt', ${iso('max(finished_at)')},
       'seconds', round(extract(epoch from max(finished_at) - min(started_at))::numeric, 3))::text as document
     from rowproof.batch where run = $1 group by mapping order by mapping`,
    run,
  );
}

function readBlocked(session: Session, run: string): Promise<ReportData['blocked'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('batch', mapping || ':' || ordinal, 'attempts', attempts,
       'why', coalesce(failure ->> 'why', state))::text as document
     from rowproof.batch where run = $1 and state in ('blocked', 'revoked') order by mapping, ordinal limit 200`,
    run,
  );
}

function readFindings(session: Session, run: string): Promise<ReportData['findings'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('id', id, 'mapping', mapping, 'kind', kind, 'severity', severity, 'rows', rows,
       'sentence', sentence, 'choices', to_jsonb(choices))::text as document
     from rowproof.finding where run = $1 order by severity, rows desc, id`,
    run,
  );
}

function readQuarantine(session: Session, run: string): Promise<ReportData['quarantine'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('mapping', mapping, 'class', class, 'reason', reason, 'finding', finding,
       'column', column_name, 'sqlstate', sqlstate, 'constraint', constraint_name, 'rows', count(*))::text as document
     from rowproof.quarantine where run = $1
     group by mapping, class, reason, finding, column_name, sqlstate, constraint_name
     order by mapping, count(*) desc, finding, class`,
    run,
  );
}

function readAdjustments(session: Session, run: string): Promise<ReportData['adjustments'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('mapping', mapping, 'finding', finding, 'migrated', sum(migrated),
       'quarantined', sum(quarantined), 'outOfScope', sum(out_of_scope))::text as document
     from rowproof.adjustment where run = $1 group by mapping, finding order by mapping, finding`,
    run,
  );
}

function readDifferences(session: Session, run: string): Promise<ReportData['differences'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('mapping', mapping, 'class', class, 'column', column_name, 'rows', count(*))::text as document
     from rowproof.difference where run = $1 group by mapping, class, column_name order by mapping, class, column_name`,
    run,
  );
}

function readSteps(session: Session, run: string): Promise<ReportData['steps'][number][]> {
  return documents(
    session,
    `select jsonb_build_object('kind', kind, 'subject', subject, 'state', state)::text as document
     from rowproof.step where run = $1 order by step.ordinal`,
    run,
  );
}

type Digest = ReportData['proof'][number]['digests'][number];

async function readProof(session: Session, run: string): Promise<ReportData['proof'][number][]> {
  const digests = await documents<Digest & { mapping: string }>(
    session,
    `select jsonb_build_object('mapping', mapping, 'slice', slice, 'expected', expected_digest,
       'actual', actual_digest)::text as document
     from rowproof.proof where run = $1 order by mapping, slice`,
    run,
  );
  const totals = await proofTotals(session, run);
  return totals.map(({ expected, actual: _, reexecutedColumns, ...proof }) => ({
    ...proof,
    rows: expected,
    reexecuted: [...reexecutedColumns],
    digests: digests
      .filter((digest) => digest.mapping === proof.mapping)
      .map(({ slice, expected: wanted, actual }) => ({ slice, expected: wanted, actual })),
  }));
}

async function readFollowed(session: Session, run: string): Promise<ReportData['followed']> {
  const [sums] = await documents<{ rounds: number; keys: number }>(
    session,
    `select jsonb_build_object('rounds', count(*), 'keys', coalesce(sum(keys), 0))::text as document
     from rowproof.round where run = $1`,
    run,
  );
  return sums === undefined || sums.rounds === 0 ? null : sums;
}

async function reachedAt(session: Session, run: string): Promise<string | null> {
  const { rows } = await session.query<{ at: string }>(
    `select ${iso('reached_at')} as at from rowproof.verdict where run = $1`,
    [run],
  );
  return rows[0]?.at ?? null;
}

/** Everything the report of a run shows, from the ledger alone, in one snapshot. RP4001 when there is no such run. */
export function readReportData(session: Session, run: string): Promise<ReportData> {
  return inTransaction(session, 'repeatable read read only', async () => {
    const loaded = await loadRun(session, run);
    return {
      run: loaded,
      verdict: await readVerdict(session, run),
      verdictReachedAt: await reachedAt(session, run),
      proof: await readProof(session, run),
      differences: await readDifferences(session, run),
      checks: await readChecks(session, run),
      phases: await readPhases(session, run),
      batches: await readBatches(session, run),
      blocked: await readBlocked(session, run),
      findings: await readFindings(session, run),
      decisions: await observeDecisions(session, loaded),
      quarantine: await readQuarantine(session, run),
      adjustments: await readAdjustments(session, run),
      steps: await readSteps(session, run),
      followed: await readFollowed(session, run),
      events: await readEvents(session, run),
      chain: await verifyChain(session, run),
    };
  });
}

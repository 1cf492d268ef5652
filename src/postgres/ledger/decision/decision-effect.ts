import { raisedLimit } from '../../../copy/row-limit';
import { decisionFor, decisionMatches } from '../../../profile/decision-match';
import type { Session } from '../../session';
import { countOwnBadRows } from '../quarantine/quarantine';
import { countQuarantined, quarantineFindings } from '../proof/proof-quarantine';
import type { LoadedRun } from '../run/run';
import { integer } from '../../row';

/** A decision with what it promised and the rows that it turned out to cover. */
export interface ObservedDecision {
  readonly finding: string;
  readonly action: string;
  readonly by: string;
  readonly reason: string;
  readonly origin: 'plan' | 'operator';
  readonly expected: number | null;
  readonly tolerance: number | null;
  readonly observed: number;
}

type Decision = Omit<ObservedDecision, 'observed'>;

/** Decisions in the ledger, and those of the plan on findings that the ledger has no decision of. */
async function readDecisions(session: Session, run: LoadedRun): Promise<Decision[]> {
  const { rows } = await session.query<{ document: string }>(
    `select jsonb_build_object('finding', finding, 'action', action, 'by', decided_by, 'reason', reason, 'origin', origin,
       'expected', expect_rows, 'tolerance', tolerance)::text as document
     from rowproof.decision where run = $1 order by finding`,
    [run.run],
  );
  const stored = rows.map((row) => JSON.parse(row.document) as Decision);
  const planned = run.compiled.plan.decisions
    .filter((decision) => !stored.some((one) => one.finding === decision.finding))
    .map((decision) => ({
      finding: decision.finding,
      action: decision.do,
      by: decision.by,
      reason: decision.because,
      origin: 'plan' as const,
      expected: decision.expect?.rows ?? null,
      tolerance: decision.expect?.tolerance ?? null,
    }));
  return [...stored, ...planned];
}

async function discoveredRows(session: Session, run: string): Promise<Map<string, number>> {
  const { rows } = await session.query<{ id: string; n: string }>(
    'select id, rows::text as n from rowproof.finding where run = $1',
    [run],
  );
  return new Map(rows.map((row) => [row.id, integer(row, 'n')]));
}

/**
 * Every decision with its effect: rows in quarantine whose finding it covers, or, for one that leaves rows where they are, the
 * rows that discovery counted.
 */
export async function observeDecisions(session: Session, run: LoadedRun): Promise<ObservedDecision[]> {
  const all = await readDecisions(session, run);
  const discovered = await discoveredRows(session, run.run);
  const quarantined = await quarantineFindings(session, run.run);
  const foundBy = (covers: (id: string) => boolean): number =>
    [...discovered].reduce((sum, [id, found]) => sum + (covers(id) ? found : 0), 0);
  const observed: ObservedDecision[] = [];
  for (const decision of all) {
    const covers = (id: string): boolean =>
      decisionMatches(decision.finding, id) && decisionFor(all, id)?.finding === decision.finding;
    const limited = raisedLimit(decision);
    if (limited !== null) {
      const bad = await countOwnBadRows(session, run.run, limited);
      const unexpected = bad.filter(({ finding }) => (decisionFor(all, finding)?.expected ?? null) === null);
      observed.push({ ...decision, observed: unexpected.reduce((sum, { rows }) => sum + rows, 0) });
      continue;
    }
    const leavesBehind = decision.action === 'quarantine' || decision.action === 'out_of_scope';
    // rows whose scope is unknown stay at the source and are nowhere booked one by one
    const unknown =
      decision.action === 'out_of_scope' ? foundBy((id) => covers(id) && id.endsWith('.where.scope_unknown')) : 0;
    const rows = leavesBehind
      ? await countQuarantined(
          session,
          run.run,
          quarantined.filter(covers),
          decision.action === 'out_of_scope' ? 'out_of_scope' : 'quarantined',
        )
      : foundBy(covers);
    observed.push({ ...decision, observed: rows + unknown });
  }
  return observed;
}

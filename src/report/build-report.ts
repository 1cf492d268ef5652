import type { TableReconciliation } from '../contract/run';
import { reportDocument, type ReportDocument } from '../contract/report';
import { raisedLimit } from '../copy/row-limit';
import { hadExpectedEffect } from '../validate/decision-effect';
import { acceptedBy } from '../validate/verdict';
import { cutoversOf, writersOf } from './cutover-events';
import type { ReportData } from './report-data';

function secondsBetween(from: string, to: string | null): number | null {
  return to === null ? null : Math.round(Date.parse(to) - Date.parse(from)) / 1000;
}

/** `orphans 3, validated false`: what a check noted beside its count. */
function note(detail: Readonly<Record<string, string | number | boolean | null>>): string {
  return Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => (name === 'problem' ? String(value) : `${name} ${String(value)}`))
    .join(', ');
}

/** Rows in scope by the books, less those that the proof of every row recomputed. */
function since(data: ReportData, proof: ReportData['proof'][number]): number | null {
  const reconciliation = data.verdict?.reconciliation.find(({ mapping }) => mapping === proof.mapping);
  if (reconciliation === undefined) return null;
  const waived = data.quarantine.filter((one) => one.mapping === proof.mapping && one.class === 'out_of_scope');
  return (
    reconciliation.source - reconciliation.outOfScope + waived.reduce((sum, { rows }) => sum + rows, 0) - proof.rows
  );
}

function originsOf(data: ReportData, reconciliation: TableReconciliation): ReportDocument['origins'][number] {
  const of = (figure: 'migrated' | 'quarantined'): ReportDocument['origins'][number]['migrated'] => {
    const batches = data.batches.find(({ mapping }) => mapping === reconciliation.mapping)?.[figure] ?? 0;
    const settling = data.adjustments
      .filter(({ mapping }) => mapping === reconciliation.mapping)
      .reduce((sum, adjustment) => sum + adjustment[figure], 0);
    return {
      batches,
      settling,
      rounds: reconciliation[figure] - batches - settling,
      reconciliation: reconciliation[figure],
    };
  };
  return { mapping: reconciliation.mapping, migrated: of('migrated'), quarantined: of('quarantined') };
}

/** Rows that say only that a kind of check ran end in `*`. */
function isRanEntry(check: ReportData['checks'][number]): boolean {
  return check.name === '*' || check.name.endsWith(' *');
}

/** Puts the parts together and checks them against the contract: an unknown field never reaches a report. */
export function buildReport(data: ReportData): ReportDocument {
  const { run, verdict } = data;
  const last = data.phases.at(-1);
  const end = run.closedAt ?? last?.finishedAt ?? null;
  return reportDocument.parse({
    version: 1,
    run: run.run,
    plan: run.plan,
    code: run.compiled.code,
    digest: run.compiled.digest,
    engine: run.engine,
    ticket: run.compiled.plan.settings.ticket,
    openedAt: run.openedAt,
    closedAt: run.closedAt,
    seconds: secondsBetween(run.openedAt, end),
    phase: run.phase,
    outcome: run.outcome,
    sentence: run.sentence,
    only: [...(run.options.only ?? [])],
    sample: run.options.sample ?? null,
    verdict:
      verdict === null
        ? null
        : {
            green: verdict.green,
            sentence: verdict.sentence,
            problems: [...verdict.problems],
            reachedAt: data.verdictReachedAt ?? '',
          },
    reconciliation: verdict === null ? [] : [...verdict.reconciliation],
    proof: data.proof.map((proof) => ({ ...proof, since: since(data, proof) })),
    followed: data.followed,
    origins: (verdict?.reconciliation ?? []).map((reconciliation) => originsOf(data, reconciliation)),
    differences: data.differences,
    checks: data.checks
      .filter((check) => !isRanEntry(check))
      .map(({ kind, name, mapping, broken, detail, finding }) => {
        const accepted = broken > 0 ? acceptedBy({ finding }, data.decisions) : null;
        const noted = [note(detail), ...(accepted === null ? [] : [`accepted by ${accepted.by}: ${accepted.reason}`])];
        return { kind, name, mapping, broken, note: noted.filter((one) => one !== '').join('; ') };
      }),
    phases: data.phases.map((phase) => ({ ...phase, seconds: secondsBetween(phase.startedAt, phase.finishedAt) })),
    batches: data.batches,
    blocked: data.blocked,
    findings: data.findings,
    decisions: data.decisions.map((decision) => ({
      ...decision,
      asExpected: hadExpectedEffect({
        finding: decision.finding,
        action: decision.action,
        expected: decision.expected === null ? null : { rows: decision.expected, tolerance: decision.tolerance ?? 0 },
        observed: decision.observed,
        atMost: raisedLimit(decision) !== null,
      }),
    })),
    quarantine: data.quarantine,
    adjustments: data.adjustments,
    cutovers: cutoversOf(data.events),
    writers: writersOf(data.events),
    steps: data.steps,
    events: data.events.map(({ seq, at, kind, body, hash }) => ({ seq, at, kind, body, hash })),
    chain: { intact: data.chain.intact, events: data.chain.events, head: data.chain.head },
  });
}

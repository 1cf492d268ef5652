import type { LimitReached } from '../../contract/batch-copy';
import type { CompiledMapping } from '../../contract/compiled';
import type { FindingSummary, RunRef } from '../../contract/run';
import { allowedBadRows, limitFinding, limitKind } from '../../copy/row-limit';
import { fail } from '../../errors/rowproof-error';
import { batchTotals } from '../../postgres/ledger/batch';
import { profiledRows } from '../../postgres/ledger/decision/copy-decision';
import { knownDecisions } from '../../postgres/ledger/decision/decision';
import { countBadRowsOfBatches, type BadRows } from '../../postgres/ledger/quarantine/quarantine';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { readTriggerFacts } from '../../postgres/queries/schema-change/trigger-facts';
import type { Session } from '../../postgres/session';
import { decisionFor } from '../../profile/decision-match';
import { coversRows, type KnownDecision } from '../../profile/undecided';
import { agreeing, counted } from '../../report/counted';
import { figure } from '../../report/format';
import type { Host } from '../host';
import { mappingOf } from '../host';
import { onLedger } from '../session-scope';

/** Answers what somebody has to decide before the table goes on, null while nobody has to. Reads only. */
export function createCheckLimits(host: Host) {
  return (ref: RunRef, mappingName: string): Promise<LimitReached | null> =>
    onLedger(host, ref, `limits of ${mappingName}`, async (session) => {
      const run = await host.databases.run(ref, session);
      return limitReached(session, run, mappingOf(run, mappingName));
    });
}

/**
 * RP5011 when a table that stops on bad rows has one without a decision, RP5010 when more rows than max_bad_rows are bad. Rows that only
 * follow a parent, and findings with a decision that expects them, do not count. More rows make neither untrue again.
 */
export async function limitReached(
  session: Session,
  run: LoadedRun,
  mapping: CompiledMapping,
): Promise<LimitReached | null> {
  const bad = await countBadRowsOfBatches(session, run.run, mapping.name);
  if (bad.length === 0) return null;
  const decisions = await knownDecisions(session, run.run, run.compiled.plan.decisions);
  const open = bad.filter(({ finding }) => !coversRows(decisionFor(decisions, finding)));
  if (mapping.onBadRow === 'stop' && open.length > 0) {
    const named = await withNames(session, mapping, open);
    const what = `${mapping.name} stops on bad rows, and has some without a decision: ${listed(named)}`;
    return { why: sentenceOf('RP5011', what), findings: named.map((one) => question(mapping.name, one)) };
  }
  const unexpected = bad.filter(({ finding }) => (decisionFor(decisions, finding)?.expect ?? null) === null);
  const rows = unexpected.reduce((sum, one) => sum + one.rows, 0);
  const copied = (await batchTotals(session, run.run, mapping.name)).sourceRows;
  const known = await profiledRows(session, run.run, mapping.name);
  const planned = allowedBadRows(mapping.maxBadRows, Math.max(known ?? 0, copied));
  if (planned === null) return null;
  const allowed = Math.max(planned, raisedTo(decisions, mapping.name));
  if (rows <= allowed) return null;
  const named = await withNames(session, mapping, unexpected);
  const has = `${mapping.name} has ${counted(rows, 'bad row')} without an expected number`;
  const may = `${figure(allowed)} ${agreeing(allowed, 'is', 'are')} allowed`;
  return {
    why: sentenceOf('RP5010', `${has}, ${may}: ${listed(named)}`),
    findings: [
      ...named.map((one) => question(mapping.name, one)),
      {
        id: limitFinding(mapping.name),
        mapping: mapping.name,
        column: null,
        kind: limitKind,
        severity: 'decide',
        rows,
        sentence: `${has}, and max_bad_rows allows ${figure(allowed)}. Accept it with the highest number that you allow in this run.`,
        choices: ['accept', 'stop'],
        decided: null,
      },
    ],
  };
}

/** What an exact decision allows in place of the plan's limit. */
function raisedTo(decisions: readonly KnownDecision[], mapping: string): number {
  const raised = decisions.find(({ finding }) => finding === limitFinding(mapping));
  return raised?.action === 'accept' && raised.expect !== null ? raised.expect.rows + raised.expect.tolerance : 0;
}

function sentenceOf(code: 'RP5010' | 'RP5011', what: string): string {
  return fail(code, what).message;
}

type NamedRows = BadRows & { readonly names: string };

/** With the constraint, the column and, of what a trigger refused, the triggers that fire. */
async function withNames(session: Session, mapping: CompiledMapping, bad: readonly BadRows[]): Promise<NamedRows[]> {
  const byTrigger = bad.some(({ reason }) => triggerReasons.has(reason));
  const firing = byTrigger
    ? (await readTriggerFacts(session, mapping.target)).filter(({ enabled }) => enabled !== 'D').map(({ name }) => name)
    : [];
  return bad.map((one) => {
    const names = [
      triggerReasons.has(one.reason) && firing.length > 0
        ? `${agreeing(firing.length, 'trigger', 'one of the triggers')} ${firing.join(', ')}`
        : null,
      one.constraint === null ? null : `constraint ${one.constraint}`,
      one.column === null ? null : `column ${one.column}`,
    ].filter((name) => name !== null);
    return { ...one, names: names.join(', ') };
  });
}

const triggerReasons: ReadonlySet<string> = new Set(['raised', 'dropped_by_trigger']);

function question(mapping: string, { finding, reason, column, rows, names }: NamedRows): FindingSummary {
  return {
    id: finding,
    mapping,
    column,
    kind: reason,
    severity: 'decide',
    rows,
    sentence: `${counted(rows, 'row')} of ${mapping} ${agreeing(rows, 'is', 'are')} quarantined so far${names === '' ? '' : ` (${names})`}; more may come.`,
    choices: ['quarantine', 'stop'],
    decided: null,
  };
}

function listed(findings: readonly NamedRows[]): string {
  const worst = [...findings].sort((a, b) => b.rows - a.rows).slice(0, 5);
  const more = findings.length - worst.length;
  const one = ({ finding, rows, names }: NamedRows): string =>
    `${finding} (${figure(rows)}${names === '' ? '' : `; ${names}`})`;
  return `${worst.map(one).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

import type { FinishActivities } from '../../contract/activity-types';
import type { FindingSummary, RunRef } from '../../contract/run';
import { decisionFor } from '../../profile/decision-match';
import { observeDecisions } from '../../postgres/ledger/decision/decision-effect';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { coversRows, decidedToStop, unmetExpectation } from '../../profile/undecided';
import { hadExpectedEffect } from '../../validate/decision-effect';
import type { Session } from '../../postgres/session';
import { quarantineByFinding, type QuarantineGroup } from '../../postgres/queries/settle/quarantine';
import { onTarget } from '../target-work';
import { agreeing, counted } from '../../report/counted';
import { effectsOf } from '../proof/decision-effects';
import { decisionsOf } from '../run/decisions';
import type { CopyDecision } from '../../copy/decided-findings';
import type { Host } from '../host';

/** What of the quarantine waits for a decision: rows that none lets stay behind, and decisions with another effect than they expected. */
export function undecidedQuarantine(host: Host, ref: RunRef): ReturnType<FinishActivities['undecidedQuarantine']> {
  return onTarget(host, ref, 'undecided', async ({ session, run }) => {
    const decisions = await decisionsOf(session, run);
    const groups = await quarantineByFinding(session, run.run);
    const open = groups.filter((group) => !coversRows(decisionFor(decisions, group.finding)));
    return [...open.map((group) => quarantineQuestion(group, decisions)), ...(await unmetQuestions(session, run))];
  });
}

/** Rows in quarantine that no decision lets stay behind. */
function quarantineQuestion(group: QuarantineGroup, decisions: readonly CopyDecision[]): FindingSummary {
  const stops = decisionFor(decisions, group.finding)?.action === 'stop';
  const rows = `${counted(group.rows, 'row')} of ${group.mapping} ${agreeing(group.rows, 'is', 'are')} quarantined`;
  return {
    id: group.finding,
    mapping: group.mapping,
    column: group.column,
    kind: group.reason,
    severity: 'decide',
    rows: group.rows,
    sentence: stops
      ? `${rows} (${group.finding}). ${decidedToStop}`
      : `${rows} and ${agreeing(group.rows, 'needs', 'need')} a decision (${group.finding}).`,
    choices: ['quarantine', 'stop'],
    decided: null,
  };
}

/** Decisions that had another effect than they expected: to be given again with what is seen, or the proof could never be green. */
async function unmetQuestions(session: Session, run: LoadedRun): Promise<FindingSummary[]> {
  const effects = effectsOf(run, await observeDecisions(session, run));
  return effects.flatMap((effect): FindingSummary[] => {
    if (effect.expected === null || hadExpectedEffect(effect)) return [];
    return [
      {
        id: effect.finding,
        mapping: null,
        column: null,
        kind: 'unmet',
        severity: 'decide',
        rows: effect.observed,
        sentence: `${unmetExpectation(`The decision ${effect.action}`, effect.expected, effect.observed)} Decide it again with the right number.`,
        choices: effect.action === 'stop' ? ['stop'] : [effect.action, 'stop'],
        decided: null,
      },
    ];
  });
}

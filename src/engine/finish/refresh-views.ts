import type { QualifiedName } from '../../contract/catalog';
import { appendEvent } from '../../postgres/ledger/run/event';
import { replaceChecks } from '../../postgres/ledger/run/check-result';
import { readSteps } from '../../postgres/ledger/run/step';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { refreshesConcurrently, refreshView, refreshViewConcurrently } from '../../postgres/queries/schema-change/view';
import { readViewsLeft, type ViewLeft } from '../../postgres/queries/schema-change/view-dependencies';
import { asApplication } from '../../postgres/application-path';
import { refusalSentence, type Refusal } from '../../errors/refusal-sentence';
import { functionBehind } from '../../postgres/queries/discovery/function-behind';
import { describeRefusal } from '../../postgres/refusal';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { dotted, qualified } from '../../sql/quote';
import { putBack } from '../prepare/restore-objects';
import type { TargetWork } from '../target-work';

/**
 * Refreshes the materialized views that read mapped tables, those included that held nothing, in the order of dependency. What is not
 * refreshed, and why, is kept with the checks. `again`: also those that were refreshed before.
 */
export async function refreshViews(work: TargetWork, again: boolean): Promise<number> {
  const { session, run } = work;
  const left: ViewLeft[] = [...(await readViewsLeft(session, work.mappings))];
  const views = await readSteps(session, run.run, 'materialized_view');
  // recorded with those that build on others first
  for (const step of [...views].reverse()) {
    const { view } = step.detail;
    const refresh =
      step.state === 'done'
        ? (how: Refresh) => putBack(work, step, 'restored', () => how(false))
        : (how: Refresh) => refreshAgain(work, view, how);
    if (step.state !== 'done' && (!again || step.state !== 'restored')) continue;
    const why = await refreshed(work, view, refresh);
    if (why !== null) left.push({ view, why });
  }
  await replaceChecks(
    session,
    run.run,
    'view',
    left.map(({ view, why }) => ({
      name: qualified(view),
      mapping: null,
      broken: 0,
      detail: { 'not refreshed': why },
    })),
  );
  await appendEvent(session, run.run, 'views refreshed', {
    views: views.length,
    again,
    left: left.map(({ view }) => qualified(view)),
  });
  return views.length;
}

type Refresh = (beside: boolean) => Promise<void>;

/** While the application reads: its readers wait only where a view has no unique index that spares them. */
async function refreshAgain(work: TargetWork, view: QualifiedName, how: Refresh): Promise<void> {
  const beside = await refreshesConcurrently(work.session, view);
  const options = {
    object: qualified(view),
    doing: `refreshing materialized view ${dotted(view)}`,
    onAttempt: work.heartbeat,
  };
  await changeTarget(work.session, work.run.run, options, () => how(beside));
}

/** Null once it is refreshed; else why it was not, when another attempt would not help. */
async function refreshed(
  work: TargetWork,
  view: QualifiedName,
  attempt: (how: Refresh) => Promise<void>,
): Promise<string | null> {
  const { session } = work;
  return refusal(() =>
    attempt((beside) =>
      asApplication(session, () => (beside ? refreshViewConcurrently(session, view) : refreshView(session, view))),
    ),
  );
}

/** The sentence of a statement that would be refused again; other failures are raised. */
async function refusal(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const { sqlstate, isRetryable, isConnectionLoss } = describeDatabaseError(error);
    if (sqlstate === null || isRetryable || isConnectionLoss) throw error;
    return refusalSentence(describeRefusal(error, await functionBehind(error)) as Refusal);
  }
}

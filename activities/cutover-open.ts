import type { RunRef } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { isOpened, openedEvent } from '../src/postgres/ledger/cutover';
import { appendEvent } from '../src/postgres/ledger/event';
import { changeTarget } from '../src/postgres/queries/schema-change';
import { liftGuard } from './cutover-guard';
import { againstLaneHolders, closeLanes } from './cutover-lanes';
import { asStepWork, frozenSources, onSources, type SourceWorks } from './cutover-sources';
import type { ActivityHost } from './host';
import { callHook } from './notify';
import { patternOf } from './run';

/**
 * One transaction: the forward lanes are closed, the guard goes, and the ledger says that the target is open. Only while every source is
 * frozen (RP5501), unless nothing was ever followed or frozen. Idempotent.
 */
export function openTarget(host: ActivityHost, ref: RunRef): Promise<void> {
  return onSources(host, ref, 'open', async (works) => {
    const { run, ledger, beat } = works;
    if (await isOpened(ledger, run.run)) return;
    if (patternOf(run) !== 'copy') await requireFrozen(works);
    const options = { object: 'the target tables', lockAttempts: 1 };
    await againstLaneHolders(ledger, run.run, beat, () =>
      changeTarget(ledger, run.run, options, async () => {
        if (await isOpened(ledger, run.run)) return;
        const lanes = await closeLanes(ledger, run.run, 'the target is open');
        await liftGuard(asStepWork(works, host), 'restored');
        await appendEvent(ledger, run.run, openedEvent, { lanes });
      }),
    );
  });
}

async function requireFrozen(works: SourceWorks): Promise<void> {
  for (const [source, state] of await frozenSources(works)) {
    if (state === 'whole') continue;
    throw fail('RP5501', `Source ${source} of run ${works.run.run} still takes writes`, { where: { object: source } });
  }
}

/** Calls settings.switch with a key that is the same at every call. RP5505, to be tried again, while it fails. */
export async function callSwitch(
  host: ActivityHost,
  env: NodeJS.ProcessEnv,
  ref: RunRef,
): Promise<{ called: boolean }> {
  const run = await host.databases.run(ref);
  const hook = run.compiled.plan.settings.switch;
  if (hook === null) return { called: false };
  const sentence = `The target of ${run.run} is open: write to it from now on.`;
  const message = { run: run.run, plan: run.plan, kind: 'switch', sentence };
  const problem = await callHook(hook, env, message, `${run.run}:switch`);
  const session = await host.databases.ledger(ref, 'switch');
  try {
    await appendEvent(session, run.run, problem === null ? 'switched' : 'switch failed', { problem });
  } finally {
    await session.close();
  }
  if (problem !== null) throw fail('RP5505', `settings.switch of ${run.run} failed: ${problem}`);
  return { called: true };
}

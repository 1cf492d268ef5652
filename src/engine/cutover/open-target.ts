import type { RunRef } from '../../contract/run';
import { fail, RowproofError } from '../../errors/rowproof-error';
import { isOpened, openedEvent } from '../../postgres/ledger/cutover';
import { appendEvent } from '../../postgres/ledger/run/event';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { dropFreeze } from './freeze';
import { releaseGuard } from '../proof/guard';
import { asTargetWork, changedSources, frozenSources, onSources, type SourceWorks } from './source-sessions';
import { restoreTriggersAtOnce } from '../prepare/restore-objects';
import { callHook } from '../run/notify';
import { changedSinceProof, lockProved } from '../proof/proved-tables';
import type { Host } from '../host';
import { patternOf } from '../run/pattern-of';
import { againstLeaseHolders, closeApplyLeases } from '../lease';
import { changedBeforeOpening } from '../../errors/error-kinds';

/**
 * One transaction: the forward apply leases are closed, triggers come back, the guard goes, and the ledger says that the target is open. Only while every source is
 * frozen (RP5501), unless nothing was ever followed or frozen, and while both sides are what was proved and frozen (RP5451, RP5452), with writers
 * and ALTER locked out of the target until it commits: else writers of sources that were followed are let go again. Idempotent.
 */
export function openTarget(host: Host, ref: RunRef): Promise<void> {
  return onSources(host, ref, 'open', async (works) => {
    const { run, ledger, heartbeat } = works;
    if (await isOpened(ledger, run.run)) return;
    if (patternOf(run) !== 'copy') await requireFrozen(works);
    const options = { object: 'the target tables', doing: 'opening the target', lockAttempts: 1 };
    try {
      await againstLeaseHolders(ledger, run.run, heartbeat, () =>
        changeTarget(ledger, run.run, options, async () => {
          if (await isOpened(ledger, run.run)) return;
          const leases = await closeApplyLeases(ledger, run.run, 'the target is open');
          await requireProved(works);
          // the target's own triggers fire for the application, never for what rounds write
          await restoreTriggersAtOnce(ledger, run.run);
          await releaseGuard(asTargetWork(works, host), 'restored');
          await appendEvent(ledger, run.run, openedEvent, { leases });
        }),
      );
    } catch (error) {
      if (error instanceof RowproofError && changedBeforeOpening(error)) await letWritersGo(works, error);
      throw error;
    }
  });
}

/** Writers and ALTER stay away from the target until the caller's transaction ends. */
async function requireProved(works: SourceWorks): Promise<void> {
  const { run, ledger } = works;
  await lockProved(ledger, run);
  const target = (await changedSinceProof(ledger, run, works)).changed;
  if (target.length > 0)
    throw fail('RP5451', `The target of ${run.run} changed since it was proved: ${target.slice(0, 5).join('; ')}`, {
      where: { object: run.run },
    });
  if (patternOf(run) === 'copy') return;
  const sources = (await changedSources(works)).changed;
  if (sources.length > 0)
    throw fail('RP5452', `A source of ${run.run} changed since it was frozen: ${sources.slice(0, 5).join('; ')}`, {
      where: { object: run.run },
    });
}

/** Nothing is open, so that sources that are followed may be written to again; of one that was frozen first the copy is of that moment. */
async function letWritersGo(works: SourceWorks, why: RowproofError): Promise<void> {
  const { run, ledger, name, releaseLimits, heartbeat } = works;
  const freed = patternOf(run) === 'hybrid';
  if (freed)
    for (const source of works.relations.keys())
      await dropFreeze(await works.source(source), name, releaseLimits, heartbeat);
  await appendEvent(ledger, run.run, 'opening refused', { sentence: why.problems[0]?.what ?? why.code, freed });
}

async function requireFrozen(works: SourceWorks): Promise<void> {
  for (const [source, state] of await frozenSources(works)) {
    if (state === 'whole') continue;
    throw fail('RP5501', `Source ${source} of run ${works.run.run} still takes writes`, { where: { object: source } });
  }
}

/** Calls settings.switch with a key that is the same at every call. RP5505, to be tried again, while it fails. */
export async function callSwitch(host: Host, env: NodeJS.ProcessEnv, ref: RunRef): Promise<{ called: boolean }> {
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

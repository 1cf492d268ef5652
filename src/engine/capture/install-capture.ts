import { capturedRelations } from '../../capture/captured-relations';
import { tableKey } from '../../compile/key/table-key';
import type { CaptureActivities } from '../../contract/activity-types';
import { fail, RowproofError, type Problem } from '../../errors/rowproof-error';
import { moveCursor, readCursors, setCaptureFacts, startCursor } from '../../postgres/ledger/follow/cursor';
import { appendEvent } from '../../postgres/ledger/run/event';
import { lockApplyLease, openApplyLeases, setApplyLeaseState } from '../../postgres/ledger/follow/apply-lease';
import { addPending, type PendingKey } from '../../postgres/ledger/follow/pending';
import { restartLsn } from '../../postgres/ledger/follow/intake';
import { hasStep, insertStep, readSteps, setStepState } from '../../postgres/ledger/run/step';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import type { Repaired, SourceCapture, SourceWork } from './capture-kind';
import { onCaptureSources } from './capture-on-sources';
import { onTarget, type TargetWork } from '../target-work';
import type { Host } from '../host';
import type { RunRef } from '../../contract/run';
import { isBeingRolledBack } from '../../errors/error-kinds';

/** The capture of every source of a run, with the session on the target beside it. */
function perSource<T>(
  host: Host,
  work: TargetWork,
  purpose: string,
  each: (capture: SourceCapture, source: SourceWork) => Promise<T>,
): Promise<T[]> {
  return onCaptureSources(host, work, purpose, (capture, source) => each(capture, { ...source, target: work.session }));
}

/** Installs the capture of changes, whichever way the plan captures. Repeated, it leaves alone what is there. */
export function installCapture(host: Host, ref: RunRef): ReturnType<CaptureActivities['installCapture']> {
  return onTarget(host, ref, 'install capture', async (work) => {
    refuseUnfit(await perSource(host, work, 'capture', (capture, source) => capture.preflight(source)));
    await perSource(host, work, 'capture', (capture, source) => installOn(work, capture, source));
    await changeTarget(work.session, work.run.run, { object: 'leases' }, () =>
      openApplyLeases(work.session, work.run.run),
    );
    return { relations: capturedRelations(work.run.compiled).length };
  });
}

/** Takes the capture away from every source. Idempotent. */
export function removeCapture(host: Host, ref: RunRef): Promise<void> {
  return onTarget(host, ref, 'remove capture', (work) => removeCaptureOf(host, work));
}

/** The same as a part of other work on the target. */
export async function removeCaptureOf(host: Host, work: TargetWork): Promise<void> {
  const { session, run } = work;
  const steps = await readSteps(session, run.run, 'capture');
  await perSource(host, work, 'capture', async (capture, source) => {
    const step = steps.find(({ subject }) => subject === source.sourceName);
    if (step !== undefined) await capture.remove(source, step.detail);
  });
  await changeTarget(session, run.run, { object: 'the capture', rollback: true }, async () => {
    for (const { ordinal, state } of await readSteps(session, run.run, 'capture'))
      if (state === 'done') await setStepState(session, run.run, ordinal, 'restored');
  });
}

/** Makes a broken capture whole again and has what it may have missed read anew. */
export function resyncCapture(
  host: Host,
  ref: RunRef,
  by: string,
  reason: string,
): ReturnType<CaptureActivities['resyncCapture']> {
  return onTarget(host, ref, 'resync capture', async (work) => {
    const cursors = await readCursors(work.session, work.run.run);
    const repaired = await perSource(host, work, 'resync', async (capture, source) => {
      const cursor = cursors.find((one) => one.source === source.sourceName);
      if (cursor === undefined) throw fail('RP5310', `Source ${source.sourceName} has no capture to repair`);
      return { source, result: await capture.repair(source, cursor) };
    });
    return { relations: await acceptRepairs(work, repaired, { by, reason }) };
  });
}

function refuseUnfit(found: readonly (readonly Problem[])[]): void {
  const problems = found.flat();
  if (problems.length > 0) throw new RowproofError(problems);
}

/** The step first, so that a rollback finds what an attempt that dies leaves; the cursor last, so that it means everything stands. */
async function installOn(work: TargetWork, capture: SourceCapture, source: SourceWork): Promise<void> {
  const { session, run, heartbeat } = work;
  const { sourceName } = source;
  const cursors = await readCursors(session, run.run);
  if (cursors.some((cursor) => cursor.source === sourceName)) return;
  const options = { object: `capture of ${sourceName}`, onAttempt: heartbeat };
  const detail = capture.describe(source);
  await changeTarget(session, run.run, options, async () => {
    if (!(await hasStep(session, run.run, 'capture', sourceName))) {
      await insertStep(session, run.run, 'capture', sourceName, detail);
    }
  });
  const { snapshot, facts } = await capture.install(source);
  try {
    await changeTarget(session, run.run, options, () => startCursor(session, run.run, sourceName, snapshot, facts));
  } catch (error) {
    // a rollback began and may have removed the capture before this attempt put it there
    if (isBeingRolledBack(error)) await capture.remove(source, detail);
    throw error;
  }
}

/** In one transaction: new facts, relations to read again whole, and apply leases that were stopped open. A closed apply lease stays closed. */
async function acceptRepairs(
  { session, run, heartbeat }: TargetWork,
  repaired: readonly { source: SourceWork; result: Repaired }[],
  who: { by: string; reason: string },
): Promise<number> {
  const relations = repaired.reduce((count, { result }) => count + result.reread.length, 0);
  await changeTarget(session, run.run, { object: 'leases', onAttempt: heartbeat }, async () => {
    const leases = [];
    for (const lease of ['delta', 'intake'] as const)
      leases.push({ lease, now: await lockApplyLease(session, run.run, lease) });
    const reason = leases[0]?.now?.reason ?? '';
    const cursors = await readCursors(session, run.run);
    for (const { source, result } of repaired) {
      const cursor = cursors.find((one) => one.source === source.sourceName);
      if (cursor === undefined) throw cursorLost(source.sourceName);
      await setCaptureFacts(session, run.run, source.sourceName, result.facts);
      // with the facts of the new slot: an intake that knew one of them only would pass over what the old slot took along
      if (result.restartLsn !== null) await restartLsn(session, run.run, source.sourceName, result.restartLsn);
      const { snapshot } = result;
      if (snapshot !== null && !(await moveCursor(session, run.run, source.sourceName, cursor.snapshot, snapshot)))
        throw cursorLost(source.sourceName);
      const named = source.relations.filter(({ relation }) => reason.includes(tableKey(relation))).map(({ id }) => id);
      await addPending(session, run.run, source.sourceName, wholeRelations([...new Set([...result.reread, ...named])]));
    }
    // an open apply lease loses its owner: a round that read before the repair must not commit after it
    for (const { lease, now } of leases) {
      if (now !== null && now.state !== 'closed') await setApplyLeaseState(session, run.run, lease, 'open', null);
    }
    await appendEvent(session, run.run, 'capture_resynced', { ...who, relations });
  });
  return relations;
}

function cursorLost(source: string): RowproofError {
  return fail('RP5312', `The cursor of source ${source} did not move to where its repaired capture begins`, {
    where: { object: source },
  });
}

async function* wholeRelations(ids: readonly number[]): AsyncGenerator<PendingKey[]> {
  await Promise.resolve();
  yield ids.map((relation) => ({ relation, key: null, xid: null }));
}

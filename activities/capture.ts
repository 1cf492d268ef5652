import { capturedRelations } from '../src/capture/captured-relations';
import { tableKey } from '../src/compile/key/table-key';
import type { CaptureActivities } from '../src/contract/activity-types';
import { fail, RowproofError, type Problem } from '../src/errors/rowproof-error';
import { moveCursor, readCursors, setCaptureFacts, startCursor } from '../src/postgres/ledger/follow/cursor';
import { appendEvent } from '../src/postgres/ledger/run/event';
import { lockLane, openLanes, setLaneState } from '../src/postgres/ledger/follow/apply-lease';
import { addPending, type PendingKey } from '../src/postgres/ledger/follow/pending';
import { restartLsn } from '../src/postgres/ledger/follow/intake';
import { hasStep, insertStep, readSteps, setStepState } from '../src/postgres/ledger/run/step';
import { changeTarget } from '../src/postgres/queries/schema-change/settings';
import type { ActivityHost } from './temporal-host';
import type { Repaired, SourceCapture, SourceWork } from '../src/engine/capture/capture-kind';
import { onCaptureSources } from '../src/engine/capture/capture-on-sources';
import { watchCapture } from '../src/engine/capture/monitor-capture';
import { onTarget, type StepWork } from './prepare-host';

/** Installing, watching, repairing and removing the capture of changes, whichever way the plan captures. */
export function createCaptureActivities(host: ActivityHost): CaptureActivities {
  const perSource = <T>(
    work: StepWork,
    purpose: string,
    each: (capture: SourceCapture, source: SourceWork) => Promise<T>,
  ): Promise<T[]> =>
    onCaptureSources(host, work, purpose, (capture, source) => each(capture, { ...source, target: work.session }));
  return {
    installCapture: (ref) =>
      onTarget(host, ref, 'install capture', async (work) => {
        refuseUnfit(await perSource(work, 'capture', (capture, source) => capture.preflight(source)));
        await perSource(work, 'capture', (capture, source) => installOn(work, capture, source));
        await changeTarget(work.session, work.run.run, { object: 'lanes' }, () =>
          openLanes(work.session, work.run.run),
        );
        return { relations: capturedRelations(work.run.compiled).length };
      }),
    removeCapture: (ref) =>
      onTarget(host, ref, 'remove capture', async (work) => {
        const steps = await readSteps(work.session, work.run.run, 'capture');
        await perSource(work, 'capture', async (capture, source) => {
          const step = steps.find(({ subject }) => subject === source.sourceName);
          if (step !== undefined) await capture.remove(source, step.detail);
        });
        await changeTarget(work.session, work.run.run, { object: 'the capture', rollback: true }, async () => {
          for (const { ordinal, state } of await readSteps(work.session, work.run.run, 'capture'))
            if (state === 'done') await setStepState(work.session, work.run.run, ordinal, 'restored');
        });
      }),
    watchCapture: (ref, watcher) => watchCapture(host, ref, watcher ?? null),
    resyncCapture: (ref, by, reason) =>
      onTarget(host, ref, 'resync capture', async (work) => {
        const cursors = await readCursors(work.session, work.run.run);
        const repaired = await perSource(work, 'resync', async (capture, source) => {
          const cursor = cursors.find((one) => one.source === source.sourceName);
          if (cursor === undefined) throw fail('RP5310', `Source ${source.sourceName} has no capture to repair`);
          return { source, result: await capture.repair(source, cursor) };
        });
        return { relations: await acceptRepairs(work, repaired, { by, reason }) };
      }),
  };
}

function refuseUnfit(found: readonly (readonly Problem[])[]): void {
  const problems = found.flat();
  if (problems.length > 0) throw new RowproofError(problems);
}

/** The step first, so that a rollback finds what an attempt that dies leaves; the cursor last, so that it means everything stands. */
async function installOn(work: StepWork, capture: SourceCapture, source: SourceWork): Promise<void> {
  const { session, run, beat } = work;
  const { sourceName } = source;
  const cursors = await readCursors(session, run.run);
  if (cursors.some((cursor) => cursor.source === sourceName)) return;
  const options = { object: `capture of ${sourceName}`, onAttempt: beat };
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
    if (error instanceof RowproofError && error.code === 'RP5104') await capture.remove(source, detail);
    throw error;
  }
}

/** In one transaction: new facts, relations to read again whole, and lanes that were stopped open. A closed lane stays closed. */
async function acceptRepairs(
  { session, run, beat }: StepWork,
  repaired: readonly { source: SourceWork; result: Repaired }[],
  who: { by: string; reason: string },
): Promise<number> {
  const relations = repaired.reduce((count, { result }) => count + result.reread.length, 0);
  await changeTarget(session, run.run, { object: 'lanes', onAttempt: beat }, async () => {
    const lanes = [];
    for (const lane of ['delta', 'intake'] as const) lanes.push({ lane, now: await lockLane(session, run.run, lane) });
    const reason = lanes[0]?.now?.reason ?? '';
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
    // an open lane loses its owner: a round that read before the repair must not commit after it
    for (const { lane, now } of lanes) {
      if (now !== null && now.state !== 'closed') await setLaneState(session, run.run, lane, 'open', null);
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

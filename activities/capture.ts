import { capturedRelations } from '../src/capture/captured-relations';
import { tableKey } from '../src/compile/table-key';
import type { CaptureActivities } from '../src/contract/activity-types';
import type { CaptureReport } from '../src/contract/delta';
import { fail, RowproofError, type Problem } from '../src/errors/rowproof-error';
import { moveCursor, readCursors, setCaptureFacts, startCursor } from '../src/postgres/ledger/cursor';
import { appendEvent } from '../src/postgres/ledger/event';
import { lockLane, openLanes, setLaneState } from '../src/postgres/ledger/lane';
import { addPending, type PendingKey } from '../src/postgres/ledger/pending';
import { hasStep, insertStep, readSteps } from '../src/postgres/ledger/step';
import { captureName } from '../src/postgres/queries/capture-name';
import { changeTarget } from '../src/postgres/queries/schema-change';
import type { Session } from '../src/postgres/session';
import type { ActivityHost } from './host';
import type { Repaired, SourceCapture, SourceWork } from './capture-kind';
import { captureOf } from './capture-source';
import { onTarget, type StepWork } from './prepare-host';

/** Installing, watching, repairing and removing the capture of changes, whichever way the plan captures. */
export function createCaptureActivities(host: ActivityHost): CaptureActivities {
  const perSource = <T>(
    work: StepWork,
    purpose: string,
    each: (capture: SourceCapture, source: SourceWork) => Promise<T>,
  ): Promise<T[]> => onSources(host, work, purpose, each);
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
      }),
    watchCapture: (ref) =>
      onTarget(host, ref, 'watch capture', async (work) => {
        const cursors = await readCursors(work.session, work.run.run);
        const reports = await perSource(work, 'watch', async (capture, source) => {
          const cursor = cursors.find((one) => one.source === source.sourceName);
          return cursor === undefined ? null : capture.watch(source, cursor);
        });
        return together(reports.filter((report) => report !== null));
      }),
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

/** Does `each` for every source that relations are captured on, one after the other; nothing where the plan captures nothing. */
async function onSources<T>(
  host: ActivityHost,
  { run, session, beat, signal }: StepWork,
  purpose: string,
  each: (capture: SourceCapture, source: SourceWork) => Promise<T>,
): Promise<T[]> {
  const capture = captureOf(run);
  if (capture === null) return [];
  const relations = capturedRelations(run.compiled);
  const results: T[] = [];
  for (const sourceName of new Set(relations.map(({ source }) => source))) {
    const opened: Session[] = [];
    const openSource = async (why: string): Promise<Session> => {
      const one = await host.databases.source(run.compiled, sourceName, why);
      opened.push(one);
      return one;
    };
    const cut = (): void => opened.forEach((one) => one.destroy());
    signal?.addEventListener('abort', cut, { once: true });
    try {
      beat();
      const source = await openSource(purpose);
      const own = relations.filter((relation) => relation.source === sourceName);
      const name = captureName(run, sourceName);
      results.push(
        await each(capture, { run, sourceName, name, source, target: session, relations: own, openSource, beat }),
      );
    } catch (error) {
      // a destroyed socket raises whatever it was doing; the reason is the cancellation
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cut);
      await Promise.all(opened.map((one) => one.close()));
    }
  }
  return results;
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

function together(reports: readonly CaptureReport[]): CaptureReport {
  const sum = (of: (report: CaptureReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return {
    markBytes: sum(({ markBytes }) => markBytes),
    walBytes: sum(({ walBytes }) => walBytes),
    warnings: reports.flatMap(({ warnings }) => warnings),
  };
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
      await setCaptureFacts(session, run.run, source.sourceName, result.facts);
      const cursor = cursors.find((one) => one.source === source.sourceName);
      if (result.snapshot !== null && cursor !== undefined) {
        await moveCursor(session, run.run, source.sourceName, cursor.snapshot, result.snapshot);
      }
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

async function* wholeRelations(ids: readonly number[]): AsyncGenerator<PendingKey[]> {
  await Promise.resolve();
  yield ids.map((relation) => ({ relation, key: null, xid: null }));
}

import type { CaptureReport, MonitorReport } from '../../contract/delta';
import type { RunRef } from '../../contract/run';
import { RowproofError } from '../../errors/rowproof-error';
import { readCursors } from '../../postgres/ledger/follow/cursor';
import { appendEvent, lastEvent } from '../../postgres/ledger/run/event';
import { readSteps } from '../../postgres/ledger/run/step';
import { onCaptureSources } from './capture-on-sources';
import { onTarget, type TargetWork } from '../target-work';
import { type Host, heartbeatOf } from '../host';
import { withHeartbeat } from '../heartbeat';
import { isRunNotFound, isAboutCapture } from '../../errors/error-kinds';

/** Kind of the event by which a watcher says that it is the one from here on. */
const monitoredEvent = 'capture monitored';

const nothing = { changeLogBytes: 0, walBytes: 0, warnings: [] };

export interface Watcher {
  readonly name: string;
  /** This is the one from here on. */
  readonly begin: boolean;
}

/**
 * One look at the capture of every source. Where the ledger cannot be looked into, the limits are upheld by what this process last knew
 * of the run, on the source alone. `over` once there is nothing left to watch, or another watcher began.
 */
export async function monitorCapture(host: Host, ref: RunRef, watcher: Watcher | null): Promise<MonitorReport> {
  try {
    return await onTarget(host, ref, 'monitor capture', async (work) => {
      if (watcher?.begin === true) await takeOver(work, watcher);
      if (await isOver(work, watcher)) return { ...nothing, asked: true, over: true };
      return { ...together(await lookAtAll(host, work)), asked: true, over: false };
    });
  } catch (error) {
    host.signal?.()?.throwIfAborted();
    // the run was finished, and the ledger went with it
    if (isRunNotFound(error)) return { ...nothing, asked: true, over: true };
    if (isAboutCapture(error)) throw error;
    return { ...(await lookAlone(host, ref, error)), asked: false, over: false };
  }
}

async function lookAtAll(host: Host, work: TargetWork): Promise<CaptureReport[]> {
  const cursors = await readCursors(work.session, work.run.run);
  return onCaptureSources(host, work, 'watch', async (capture, source) => {
    const cursor = cursors.find((one) => one.source === source.sourceName);
    if (cursor !== undefined) return capture.watch({ ...source, target: work.session }, cursor);
    // while it is being installed, or its installation failed: part of it may stand and grow
    const { warnings: _notThere, ...size } = await capture.monitorAlone(source);
    return { ...size, warnings: [] };
  });
}

async function lookAlone(host: Host, ref: RunRef, cause: unknown): Promise<CaptureReport> {
  const run = host.databases.known(ref);
  // a process that never saw the run knows neither its sources nor its limits
  if (run === null) throw cause;
  const why = cause instanceof RowproofError ? (cause.problems[0]?.what ?? cause.code) : 'its answer was an error';
  const warning = `The target could not be asked (${why}): only the limits of the capture are watched, on the sources alone.`;
  return withHeartbeat(host, { purpose: 'monitor alone' }, async () => {
    const heartbeat = heartbeatOf(host, 'monitor alone');
    const found = await onCaptureSources(host, { ref, run, heartbeat }, 'monitor alone', (capture, source) =>
      capture.monitorAlone(source),
    );
    const report = together(found);
    return { ...report, warnings: [warning, ...report.warnings] };
  });
}

/** Said once: a look that fails after it is repeated for as long as it fails. */
async function takeOver({ session, run }: TargetWork, { name }: Watcher): Promise<void> {
  if ((await lastEvent(session, run.run, monitoredEvent))?.['watcher'] === name) return;
  await appendEvent(session, run.run, monitoredEvent, { watcher: name });
}

async function isOver({ session, run }: TargetWork, watcher: Watcher | null): Promise<boolean> {
  const last = watcher === null ? null : await lastEvent(session, run.run, monitoredEvent);
  if (last !== null && last['watcher'] !== watcher?.name) return true;
  const steps = await readSteps(session, run.run, 'capture');
  // nothing yet, or nothing ever
  if (steps.length === 0) return run.outcome !== null;
  return steps.every(({ state }) => state !== 'done');
}

function together(reports: readonly CaptureReport[]): CaptureReport {
  const sum = (of: (report: CaptureReport) => number): number => reports.reduce((total, one) => total + of(one), 0);
  return {
    changeLogBytes: sum(({ changeLogBytes }) => changeLogBytes),
    walBytes: sum(({ walBytes }) => walBytes),
    warnings: reports.flatMap(({ warnings }) => warnings),
  };
}

import type { LoadedRun } from '../../postgres/ledger/run/run';
import { fail } from '../../errors/rowproof-error';
import { capturedRelations } from '../../capture/captured-relations';
import { captureName } from '../../postgres/queries/capture/name';
import { purgedBeyond } from '../../postgres/queries/capture/purge';
import type { Session } from '../../postgres/session';
import type { CaptureCheck, SourceCapture } from './capture-kind';
import { logicalCapture } from './logical/logical-capture';
import { triggerCapture } from './triggers/trigger-capture';
import type { Breakable } from '../fault-injection';

/** The capture of a run's plan; null where it captures nothing. RP5311 for a kind that is not there. */
export function captureOf(run: Pick<LoadedRun, 'compiled'>): SourceCapture | null {
  const { capture } = run.compiled.plan;
  if (capture === 'none') return null;
  if (capture === 'triggers') return triggerCapture;
  if (capture === 'logical') return logicalCapture;
  throw fail('RP5311', `The plan captures by ${capture}, which this version cannot do.`);
}

/** Why changes after this cursor cannot be counted on, by name; null when they can. Inside the snapshot of a round. */
export async function whyPurged(
  run: LoadedRun,
  sourceName: string,
  source: Session,
  cursorSnapshot: string,
): Promise<string | null> {
  if (!(await purgedBeyond(source, captureName(run, sourceName), cursorSnapshot))) return null;
  return (
    `Source ${sourceName}: changes that the target has not consumed were purged: the target was restored from an older backup or standby. ` +
    'A resync reads the tables again.'
  );
}

/**
 * What every round asks before it reads, inside its source snapshot: may the apply lease go on? `truncated` are relations with a
 * whole-table change in the window. Store `findings` with `keepFindings` and `capture` with `setCaptureFacts` in the round's transaction.
 */
export async function checkCapture(
  { fault = null }: Breakable,
  run: LoadedRun,
  sourceName: string,
  source: Session,
  facts: Readonly<Record<string, unknown>>,
  truncated: readonly number[],
): Promise<CaptureCheck> {
  const capture = captureOf(run);
  if (capture === null) return { stop: null, findings: [], capture: null };
  const relations = capturedRelations(run.compiled).filter((one) => one.source === sourceName);
  const name = captureName(run, sourceName);
  return capture.check({ fault, run, sourceName, name, source, relations }, facts, truncated);
}

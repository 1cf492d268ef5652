import { capturedRelations } from '../../capture/captured-relations';
import type { CompiledPlan } from '../../contract/compiled';
import type { Problem } from '../../errors/rowproof-error';
import type { Session } from '../../postgres/session';
import { captureOf } from './capture-source';
import { triggerCapture } from './triggers/trigger-capture';

/**
 * What is missing on a source for what the plan will make there: the capture of changes, or the triggers of a freeze. Nothing where the
 * source is only read.
 */
export async function sourceProblems(
  compiled: CompiledPlan,
  sourceName: string,
  source: Session,
): Promise<readonly Problem[]> {
  const { pattern } = compiled.plan.settings;
  if (pattern === 'copy') return [];
  const relations = capturedRelations(compiled).filter((one) => one.source === sourceName);
  // a freeze is made of triggers: it asks for what a capture by triggers asks for
  const capture = captureOf({ compiled }) ?? triggerCapture;
  return relations.length === 0
    ? []
    : capture.preflight({ run: { compiled }, sourceName, name: null, source, relations });
}

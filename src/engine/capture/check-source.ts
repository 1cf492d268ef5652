import { capturedRelations } from '../../capture/captured-relations';
import type { CompiledPlan } from '../../contract/compiled';
import type { Problem } from '../../errors/rowproof-error';
import type { Session } from '../../postgres/session';
import { captureOf } from './capture-source';

/** What is missing on a source for the capture of changes that the plan asks for. Nothing where it captures none. */
export async function sourceProblems(
  compiled: CompiledPlan,
  sourceName: string,
  source: Session,
): Promise<readonly Problem[]> {
  const capture = captureOf({ compiled });
  if (compiled.plan.settings.pattern !== 'hybrid' || capture === null) return [];
  const relations = capturedRelations(compiled).filter((one) => one.source === sourceName);
  return relations.length === 0
    ? []
    : capture.preflight({ run: { compiled }, sourceName, name: null, source, relations });
}

import { capturedRelations } from '../../capture/captured-relations';
import type { CompiledPlan } from '../../contract/compiled';
import { isStandby } from '../../errors/error-kinds';
import type { Problem } from '../../errors/rowproof-error';
import { freezeProblems } from '../../postgres/queries/capture/preflight';
import type { Session } from '../../postgres/session';
import { captureOf } from './capture-source';

/** What is missing on a source for what the run makes there: its capture, its freeze. Nothing where it only reads. */
export async function sourceProblems(
  compiled: CompiledPlan,
  sourceName: string,
  source: Session,
): Promise<readonly Problem[]> {
  const { capture: kind, settings } = compiled.plan;
  const relations = capturedRelations(compiled).filter((one) => one.source === sourceName);
  if (settings.pattern === 'copy' || relations.length === 0) return [];
  const capture = captureOf({ compiled });
  const captured =
    capture === null ? [] : await capture.preflight({ run: { compiled }, sourceName, name: null, source, relations });
  // triggers of a capture need what those of a freeze need; nothing else can be told of a standby
  if (kind === 'triggers' || captured.some(({ code }) => isStandby(code))) return captured;
  const frozen = await freezeProblems(
    source,
    relations.map(({ relation }) => relation),
  );
  return [...captured, ...frozen];
}

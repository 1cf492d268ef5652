import { connectionSpec, tlsSpec } from '../../contract/plan-connection';
import { columnObject, idDocument } from '../../contract/plan-column';
import { decisionDocument, planFile, spotCheckDocument } from '../../contract/plan-file';
import { settingsDocument } from '../../contract/plan-settings';
import { tableDocument } from '../../contract/plan-table';
import type { PlanPath } from '../position';

/** The keys that a plan may have at `path`, for suggestions; empty where keys are free. */
export function knownKeys(path: PlanPath): readonly string[] {
  const [top, , third] = path;
  const keys = (schema: { shape: Record<string, unknown> }): string[] => Object.keys(schema.shape);
  if (path.length === 0) return keys(planFile as never);
  if ((top === 'sources' && path.length === 2) || (top === 'target' && path.length === 1))
    return keys(connectionSpec as never);
  if (path.at(-1) === 'tls') return keys(tlsSpec as never);
  if (top === 'defaults') return keys(planFile.shape.defaults.unwrap() as never);
  if (top === 'tables') {
    if (path.length === 2) return keys(tableDocument as never);
    if (third === 'id') return path.length === 3 ? keys(idDocument as never) : ['from', 'by'];
    if (third === 'columns' && path.length === 4) return keys(columnObject as never);
    if (third === 'max_bad_rows') return ['rows', 'percent'];
    return [];
  }
  if (top === 'decisions') return path.length === 2 ? keys(decisionDocument as never) : ['rows', 'tolerance'];
  if (top === 'spot_checks') return keys(spotCheckDocument as never);
  if (top === 'settings') {
    if (path.length === 1) return keys(settingsDocument as never);
    if (path[1] === 'batch') return keys(settingsDocument.shape.batch.unwrap() as never);
    if (path[1] === 'proof') return keys(settingsDocument.shape.proof.unwrap() as never);
    if (path[1] === 'notify') return ['http', 'command'];
  }
  return [];
}

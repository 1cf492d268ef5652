import { capturedRelations } from '../../capture/captured-relations';
import type { QualifiedName } from '../../contract/catalog';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { captureName } from '../../postgres/queries/capture/name';
import { qualified } from '../../sql/quote';

/** Name of the triggers and the function of a gate: the same at every call, another for every run of any ledger. */
export function writeBlockName(run: Pick<LoadedRun, 'run' | 'secret'>, kind: 'freeze' | 'guard'): string {
  return `rowproof_${kind}_${captureName(run)}`;
}

/** The captured relations by source, each once. */
export function relationsBySource(run: Pick<LoadedRun, 'compiled'>): Map<string, QualifiedName[]> {
  const found = new Map<string, Map<string, QualifiedName>>();
  for (const { source, relation } of capturedRelations(run.compiled)) {
    const known = found.get(source) ?? new Map<string, QualifiedName>();
    found.set(source, known.set(qualified(relation), relation));
  }
  return new Map([...found].map(([source, relations]) => [source, [...relations.values()]]));
}

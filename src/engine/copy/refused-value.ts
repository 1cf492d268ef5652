import type { CompiledMapping } from '../../contract/compiled';
import { type FormattedColumn } from '../../postgres/queries/proof/rows';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { mayRefuseValue } from '../../transform/value-trial';

/** Whether the target refused to spell a value of the mapping. */
export function isRefusal(mapping: CompiledMapping, error: unknown): boolean {
  const { isDataError, sqlstate } = describeDatabaseError(error);
  const trials = mapping.columns.flatMap(({ trial }) => trial ?? []);
  return isDataError || mayRefuseValue(trials, sqlstate);
}

/** How the target spells a loaded column. */
export function formattedAs(mapping: CompiledMapping, place: number): Pick<FormattedColumn, 'type' | 'trial'> {
  const { type, trial } = mapping.columns[place] as CompiledMapping['columns'][number];
  return { type, trial: trial ?? null };
}

import type { KeyColumn } from '../../contract/compiled';
import type { MappingWork } from '../mapping-work';
import { pathOf } from '../mapping-work';
import { isPhysical } from '../key/row-identity';
import { tableKey } from '../key/table-key';

/** Says which sides have no key, and what that means for their rows. */
export function warnWithoutKey(
  { mapping, from, into, problems }: MappingWork,
  key: readonly KeyColumn[],
  targetKey: readonly KeyColumn[],
): void {
  const path = pathOf(mapping);
  if (targetKey.length === 0)
    problems.warning(
      'RP2080',
      `${tableKey(into)} has no key that the plan loads: its rows are proved by their contents, each as often as it occurs.`,
      { path, object: tableKey(into) },
    );
  if (isPhysical(key))
    problems.warning('RP2081', `${tableKey(from)} has no key: its rows are named by their place in the table.`, {
      path,
      object: tableKey(from),
    });
}

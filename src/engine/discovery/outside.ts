import type { CompiledMapping } from '../../contract/compiled';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { foreignKeysOf } from '../../postgres/queries/proof/reference';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import { brokenFinding, brokenReference, nameOfReference } from '../../profile/broken-check';
import type { Finding } from '../../profile/finding';
import { countOutsideOrphansSql } from '../../profile/trial-sql';
import { qualified } from '../../sql/quote';

/**
 * Rows of tables outside the plan that refer to rows which the run will not bring, counted against the trial's rows: the finding that the
 * proof asks about, before anything is written. What cannot be counted here is counted there.
 */
export async function tryOutsideReferences(trial: Session, mappings: readonly CompiledMapping[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const targets = mappings.map(({ target }) => target);
  const at = (table: CompiledMapping['target']): number =>
    targets.findIndex((target) => qualified(target) === qualified(table));
  for (const reference of await foreignKeysOf(trial, targets)) {
    const position = at(reference.parent);
    const mapping = mappings[position];
    if (at(reference.child) !== -1 || !reference.enforced || mapping === undefined) continue;
    if (!reference.parentColumns.every((column) => mapping.trialColumns.includes(column))) continue;
    const sql = countOutsideOrphansSql(reference, { mapping, position });
    const counted = await inSavepoint(
      trial,
      () => readRows(trial, sql),
      () => true,
    );
    const rows = 'value' in counted ? Number(counted.value[0]?.[0] ?? 0) : 0;
    if (rows === 0) continue;
    const sentence = brokenReference({ ...reference, rows, outside: true });
    const check = { kind: 'reference', name: nameOfReference(reference), mapping: null, broken: rows, sentence };
    findings.push(brokenFinding(check));
  }
  return findings;
}

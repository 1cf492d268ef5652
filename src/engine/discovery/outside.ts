import type { QualifiedName } from '../../contract/catalog';
import type { CompiledMapping } from '../../contract/compiled';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { foreignKeysOf, type LiveReference } from '../../postgres/queries/proof/reference';
import { readRows } from '../../postgres/read-rows';
import type { Session } from '../../postgres/session';
import { brokenFinding, brokenReference, nameOfReference } from '../../profile/broken-check';
import type { Finding } from '../../profile/finding';
import { countOutsideOrphansSql, firstRowSql } from '../../profile/trial-sql';
import { qualified } from '../../sql/quote';

/** A foreign key of a table outside the plan, and the position of the mapping that fills its parent. */
interface OutsideReference {
  readonly reference: LiveReference;
  readonly position: number;
}

async function outsideReferences(target: Session, mappings: readonly CompiledMapping[]): Promise<OutsideReference[]> {
  const targets = mappings.map((mapping) => mapping.target);
  const at = (table: CompiledMapping['target']): number =>
    targets.findIndex((one) => qualified(one) === qualified(table));
  return (await foreignKeysOf(target, targets)).flatMap((reference) => {
    const position = at(reference.parent);
    const mapping = mappings[position];
    if (at(reference.child) !== -1 || !reference.enforced || mapping === undefined) return [];
    const known = reference.parentColumns.every((column) => mapping.trialColumns.includes(column));
    return known ? [{ reference, position }] : [];
  });
}

/** False as well for a table that cannot be read here: the proof counts it. */
async function hasRows(target: Session, table: QualifiedName): Promise<boolean> {
  const found = await inSavepoint(
    target,
    () => readRows(target, firstRowSql(table)),
    () => true,
  );
  return 'value' in found && found.value.length > 0;
}

/** Positions of the mappings that rows of tables outside the plan refer to. */
export async function referredFromOutside(
  target: Session,
  mappings: readonly CompiledMapping[],
): Promise<ReadonlySet<number>> {
  const referred = new Set<number>();
  for (const { reference, position } of await outsideReferences(target, mappings))
    if (!referred.has(position) && (await hasRows(target, reference.child))) referred.add(position);
  return referred;
}

/**
 * Rows of tables outside the plan that refer to rows which the run will not bring, counted against the trial's rows: the finding that the
 * proof asks about, before anything is written. What cannot be counted here is counted there.
 */
export async function tryOutsideReferences(
  trial: Session,
  mappings: readonly CompiledMapping[],
  brought: readonly number[],
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { reference, position } of await outsideReferences(trial, mappings)) {
    const mapping = mappings[position];
    if (mapping === undefined || !brought.includes(position)) continue;
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

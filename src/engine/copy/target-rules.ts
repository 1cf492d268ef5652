import { namesOfChecksAside } from '../../copy/checks-aside';
import { countByClass } from '../../copy/quarantine-cause';
import { stagedRows } from '../../compile/key/loaded-keys';
import { asApplication } from '../../postgres/application-path';
import { relayCopy } from '../../postgres/copy-stream';
import { dropTable } from '../../postgres/queries/copy/careful';
import {
  breaksRules,
  createStage,
  forgetProvenance,
  quarantineBroken,
  type TargetRule,
} from '../../postgres/queries/copy/stage';
import { anyFound } from '../../postgres/ledger/decision/finding';
import type { Session } from '../../postgres/session';
import type { CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';
import { breach, failedRow } from './careful-path';

/**
 * The CHECKs that only the target can evaluate, where discovery saw rows that break one of them; none where it saw none. Without those
 * set aside, and those that read a column which is not loaded: they are left to the insert.
 */
export async function rulesOfTarget({ run, mapping }: CopyAttempt, ledger: Session): Promise<TargetRule[]> {
  const own = mapping.checks.filter(({ reason }) => reason === null).map(({ finding }) => finding);
  if (own.length === 0 || !(await anyFound(ledger, run.run, own))) return [];
  const aside = namesOfChecksAside(run.compiled, mapping);
  const loaded = new Set(mapping.columns.map(({ target }) => target));
  return mapping.checks
    .map((check, at) => ({ check, at }))
    .filter(({ check }) => check.reason === null && !aside.has(check.name))
    .filter(({ check }) => check.columns.every((column) => loaded.has(column)));
}

/** Of rows that break a rule of the target, in the books of the batch. */
export interface BrokenRows {
  readonly quarantined: number;
  readonly outOfScope: number;
}

/**
 * Reads the range once more, in the same snapshot, for the rows that COPY passed over by these rules, and puts those into quarantine:
 * only what the rules read crosses, and only bad rows are stored.
 */
export async function quarantinePassedOver(
  attempt: CopyAttempt,
  [source, target]: readonly [Session, Session],
  format: 'binary' | 'text',
  rules: readonly TargetRule[],
): Promise<BrokenRows> {
  const { mapping, range, name, signal } = attempt;
  const read = new Set([...rules.flatMap(({ check }) => check.columns), ...mapping.referencedColumns]);
  const wanted = mapping.columns.flatMap(({ target: column }, at) => (read.has(column) ? [at] : []));
  const stage = await createStage(
    target,
    mapping.columns.filter((_, at) => wanted.includes(at)),
    false,
  );
  const staged = rangedStatement(mapping, 'staged', range);
  const copying = {
    source,
    select: stagedRows(staged, mapping.columns.length, { wanted, targetKeys: false }),
    target,
    into: stage.into,
    where: breaksRules(rules),
    format,
    ...(signal === undefined ? {} : { signal }),
  };
  await asApplication(target, () => relayCopy(copying));
  const causes = await quarantineBroken(target, stage, mapping, rules, name, (check) =>
    failedRow(attempt, '', breach(check), null),
  );
  await forgetProvenance(target, stage, name.run, mapping.name);
  await dropTable(target, stage.table);
  return countByClass(causes);
}

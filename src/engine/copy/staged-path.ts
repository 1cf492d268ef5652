import { fail } from '../../errors/rowproof-error';
import { isFollowed } from '../../delta/is-followed';
import { needsProvenance } from '../../delta/needs-provenance';
import { stagedRows } from '../../compile/key/loaded-keys';
import { relayCopy } from '../../postgres/copy-stream';
import { dropTable } from '../../postgres/queries/copy/careful';
import {
  createStage,
  insertStage,
  provenanceOfStage,
  quarantineBroken,
  type TargetRule,
} from '../../postgres/queries/copy/stage';
import { countByClass } from '../../copy/quarantine-cause';
import { asApplication } from '../../postgres/application-path';
import { countScope } from '../../postgres/queries/proof/rows';
import { checkConstraintsAtOnce, currentSnapshot, currentXmin } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import type { BatchOutcome, CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';
import { breach, failedRow } from './careful-path';
import { quarantineRejected, RowsSwallowed } from './fast-path';
import { label } from './batch-lease';
import { commitReceipt } from './receipt';

/**
 * The whole range by one COPY into a temporary table of the target, which then evaluates its own CHECKs on it: for rules of domains, which
 * raise as soon as a value is read into the target's own columns. Which rows break them is decided here, in the batch's own snapshot.
 */
export async function copyStaged(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  format: 'binary' | 'text',
  rules: readonly TargetRule[],
): Promise<BatchOutcome> {
  const { mapping, range, name, run } = attempt;
  return commitReceipt(source, target, attempt, async () => {
    const snapshot = await currentSnapshot(source);
    const xid = await currentXmin(target);
    await checkConstraintsAtOnce(target);
    const traced = isFollowed(run.compiled) && needsProvenance(mapping);
    const stage = await createStage(target, mapping.columns, traced);
    const all = { wanted: mapping.columns.map((_, at) => at), targetKeys: traced };
    const copying = {
      source,
      select: stagedRows(rangedStatement(mapping, 'staged', range), mapping.columns.length, all),
      target,
      into: stage.into,
      format,
      ...(attempt.signal === undefined ? {} : { signal: attempt.signal }),
      onBytes: (bytes: number) => (attempt.progress.bytes += bytes),
    };
    // a type of the application may look for names when it reads a value
    const staged = await asApplication(target, () => relayCopy(copying));
    const causes = await quarantineBroken(target, stage, mapping, rules, name, (check) =>
      failedRow(attempt, '', breach(check), null),
    );
    const broken = countByClass(causes);
    const kept = broken.quarantined + broken.outOfScope;
    const arrived = await insertStage(target, stage, mapping.target, mapping.columns, rules);
    if (arrived + kept !== staged.targetRows) throw new RowsSwallowed();
    attempt.progress.rows = arrived;
    if (traced) await provenanceOfStage(target, stage, name.run, mapping.name, rules);
    await dropTable(target, stage.table);
    const counts = await countScope(source, rangedStatement(mapping, 'scopeCounts', range));
    const missing = counts.total - counts.outOfScope - staged.targetRows;
    const rejected =
      missing === 0 ? { quarantined: 0, outOfScope: 0 } : await quarantineRejected(attempt, source, target);
    const bad = rejected.quarantined + rejected.outOfScope;
    if (bad !== missing || arrived + kept !== staged.sourceRows) {
      throw fail(
        'RP5004',
        `Batch ${label(name)} read ${counts.total} rows, but loaded ${arrived}, rejected ${bad + kept} and left ${counts.outOfScope} out of scope`,
        { where: { object: label(name) } },
      );
    }
    return {
      path: 'fast',
      sourceRows: counts.total,
      migrated: arrived,
      quarantined: rejected.quarantined + broken.quarantined,
      outOfScope: counts.outOfScope + rejected.outOfScope + broken.outOfScope,
      bytes: staged.bytes,
      digest: staged.sha256,
      snapshot,
      xids: [xid],
    };
  });
}

import { fail } from '../../errors/rowproof-error';
import { identifier, qualified } from '../../sql/quote';
import type { CompiledMapping } from '../../contract/compiled';
import { countByClass } from '../../copy/quarantine-cause';
import { rejectedRow, type ClassOf, type QuarantinedRow } from '../../copy/quarantined-row';
import { relayCopy } from '../../postgres/copy-stream';
import { relayQuarantine } from '../../postgres/ledger/quarantine/quarantine-bulk';
import { countScope } from '../../postgres/queries/proof/rows';
import { currentSnapshot, currentXmin } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import type { BatchOutcome, CopyAttempt } from './attempt';
import { rangedStatement, targetColumns } from './attempt';
import { label } from './batch-lease';
import { provenanceOfRange } from './provenance';
import { commitReceipt } from './receipt';
import { asApplication } from '../../postgres/application-path';
import { keepsRules, type TargetRule } from '../../postgres/queries/copy/stage';
import { quarantinePassedOver } from './target-rules';

const none = { quarantined: 0, outOfScope: 0 };

/** The target took fewer rows than it should, and no error: a trigger dropped some. The careful path finds which. */
export class RowsSwallowed extends Error {
  override readonly name = 'RowsSwallowed';
}

/**
 * The whole range by one COPY from the source's expressions into the target, the rejected rows beside it into quarantine, in
 * one snapshot of the source and one fenced transaction of the target. COPY passes over rows that break one of `rules`.
 */
export async function copyFast(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  format: 'binary' | 'text',
  rules: readonly TargetRule[] = [],
): Promise<BatchOutcome> {
  const { mapping, range, name } = attempt;
  return commitReceipt(source, target, attempt, async () => {
    const snapshot = await currentSnapshot(source);
    const xid = await currentXmin(target);
    const columns = targetColumns(mapping).map(identifier).join(', ');
    const copying = {
      source,
      select: rangedStatement(mapping, 'load', range),
      target,
      into: `${qualified(mapping.target)} (${columns})`,
      ...(rules.length === 0 ? {} : { where: keepsRules(rules) }),
      format,
      ...(attempt.signal === undefined ? {} : { signal: attempt.signal }),
      onBytes: (bytes: number) => (attempt.progress.bytes += bytes),
    };
    const loaded = await asApplication(target, () => relayCopy(copying));
    attempt.progress.rows = loaded.targetRows;
    const dropped = loaded.sourceRows - loaded.targetRows;
    if (dropped > 0 && rules.length === 0) throw new RowsSwallowed();
    await provenanceOfRange(attempt, source, target, loaded.sourceRows);
    const broken = dropped === 0 ? none : await quarantinePassedOver(attempt, [source, target], format, rules);
    if (broken.quarantined + broken.outOfScope !== dropped) throw new RowsSwallowed();
    const counts = await countScope(source, rangedStatement(mapping, 'scopeCounts', range));
    // expressions are dear: rows with a reason are looked for only when some of those in scope did not come along
    const missing = counts.total - counts.outOfScope - loaded.sourceRows;
    const rejected = missing === 0 ? none : await quarantineRejected(attempt, source, target);
    const bad = rejected.quarantined + rejected.outOfScope;
    if (bad !== missing) {
      throw fail(
        'RP5004',
        `Batch ${label(name)} read ${counts.total} rows, but loaded ${loaded.targetRows}, rejected ${bad + dropped} and left ${counts.outOfScope} out of scope`,
        { where: { object: label(name) } },
      );
    }
    return {
      path: 'fast',
      sourceRows: counts.total,
      migrated: loaded.targetRows,
      quarantined: rejected.quarantined + broken.quarantined,
      outOfScope: counts.outOfScope + rejected.outOfScope + broken.outOfScope,
      bytes: loaded.bytes,
      digest: loaded.sha256,
      snapshot,
      xids: [xid],
    };
  });
}

/** The rows that the source itself rejects, in its snapshot, into quarantine. */
export async function quarantineRejected(
  { mapping, range, name, classOf, signal }: CopyAttempt,
  source: Session,
  target: Session,
): Promise<{ quarantined: number; outOfScope: number }> {
  const { causes, written } = await relayQuarantine(
    { source, target, ...(signal === undefined ? {} : { signal }) },
    name,
    rangedStatement(mapping, 'rejected', range),
    (reasons) => rejectedByStatement(mapping, ['', reasons, null], classOf),
  );
  const sums = countByClass(causes);
  if (written !== sums.quarantined + sums.outOfScope) {
    throw fail('RP5004', `Batch ${label(name)} kept ${written} of ${sums.quarantined + sums.outOfScope} rejected rows`);
  }
  return sums;
}

/** One row of the statement `rejected`: key text, reasons, refs. */
export function rejectedByStatement(
  mapping: CompiledMapping,
  [key, reasons, refs]: readonly (string | null)[],
  classOf: ClassOf,
): QuarantinedRow {
  return rejectedRow(mapping, { key: key ?? '', reasons: intArray(reasons ?? '{}'), refs: refs ?? null }, classOf);
}

function intArray(text: string): number[] {
  const inner = text.slice(1, -1);
  return inner === '' ? [] : inner.split(',').map(Number);
}

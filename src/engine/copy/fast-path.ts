import { fail } from '../../errors/rowproof-error';
import { identifier, qualified } from '../../sql/quote';
import type { CompiledMapping } from '../../contract/compiled';
import { countByClass } from '../../copy/quarantine-cause';
import { rejectedRow, type ClassOf, type QuarantinedRow } from '../../copy/quarantined-row';
import { copyOut, relayCopy } from '../../postgres/copy-stream';
import { writeQuarantine } from '../../postgres/ledger/quarantine/quarantine';
import {
  causesOf,
  createRejectedTable,
  rejectedRowsOf,
  writeQuarantineInBulk,
} from '../../postgres/ledger/quarantine/quarantine-bulk';
import { dropTable } from '../../postgres/queries/copy/careful';
import { countScope } from '../../postgres/queries/proof/rows';
import { currentSnapshot, currentXmin } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import type { BatchOutcome, CopyAttempt } from './attempt';
import { rangedStatement, targetColumns } from './attempt';
import { label } from './batch-lease';
import { provenanceOfRange } from './provenance';
import { commitReceipt } from './receipt';
import { asApplication } from '../../postgres/application-path';

/** The target took fewer rows than the source sent, and no error: a trigger dropped some. The careful path finds which. */
export class RowsSwallowed extends Error {
  override readonly name = 'RowsSwallowed';
}

/**
 * The whole range by one COPY from the source's expressions into the target, the rejected rows beside it into quarantine, in
 * one snapshot of the source and one fenced transaction of the target.
 */
export async function copyFast(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  format: 'binary' | 'text',
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
      format,
      ...(attempt.signal === undefined ? {} : { signal: attempt.signal }),
      onBytes: (bytes: number) => (attempt.progress.bytes += bytes),
    };
    const loaded = await asApplication(target, () => relayCopy(copying));
    if (loaded.sourceRows !== loaded.targetRows) throw new RowsSwallowed();
    attempt.progress.rows = loaded.targetRows;
    await provenanceOfRange(attempt, source, target, loaded.targetRows);
    const counts = await countScope(source, rangedStatement(mapping, 'scopeCounts', range));
    // expressions are dear: rows with a reason are looked for only when some of those in scope did not come along
    const missing = counts.total - counts.outOfScope - loaded.targetRows;
    const rejected =
      missing === 0 ? { quarantined: 0, outOfScope: 0 } : await quarantineRejected(attempt, source, target, missing);
    const bad = rejected.quarantined + rejected.outOfScope;
    if (bad !== missing) {
      throw fail(
        'RP5004',
        `Batch ${label(name)} read ${counts.total} rows, but loaded ${loaded.targetRows}, rejected ${bad} and left ${counts.outOfScope} out of scope`,
        { where: { object: label(name) } },
      );
    }
    return {
      path: 'fast',
      sourceRows: counts.total,
      migrated: loaded.targetRows,
      quarantined: rejected.quarantined,
      outOfScope: counts.outOfScope + rejected.outOfScope,
      bytes: loaded.bytes,
      digest: loaded.sha256,
      snapshot,
      xids: [xid],
    };
  });
}

/** From so many rows on, a table beside the quarantine costs less than reading each row here. */
const inBulkFrom = 1_000;

/** The `missing` rows that the source itself rejects, in its snapshot. */
export async function quarantineRejected(
  attempt: CopyAttempt,
  source: Session,
  target: Session,
  missing: number,
): Promise<{ quarantined: number; outOfScope: number }> {
  const write = missing < inBulkFrom ? rejectedOneByOne : rejectedInBulk;
  const { written, ...sums } = await write(attempt, source, target);
  if (written !== sums.quarantined + sums.outOfScope) {
    throw fail(
      'RP5004',
      `Batch ${label(attempt.name)} kept ${written} of ${sums.quarantined + sums.outOfScope} rejected rows`,
    );
  }
  return sums;
}

interface Rejected {
  readonly quarantined: number;
  readonly outOfScope: number;
  readonly written: number;
}

async function rejectedOneByOne(
  { mapping, range, name, classOf }: CopyAttempt,
  source: Session,
  target: Session,
): Promise<Rejected> {
  const sums = { quarantined: 0, outOfScope: 0 };
  async function* rows(): AsyncGenerator<QuarantinedRow[]> {
    for await (const chunk of copyOut(source, rangedStatement(mapping, 'rejected', range))) {
      const rejected = chunk.map((row) => rejectedByStatement(mapping, row, classOf));
      for (const row of rejected) sums[row.class === 'quarantined' ? 'quarantined' : 'outOfScope'] += 1;
      yield rejected;
    }
  }
  const written = await writeQuarantine(target, name, rows());
  return { ...sums, written };
}

/** The same by one COPY beside the quarantine and one statement into it. */
async function rejectedInBulk(
  { mapping, range, name, classOf, signal }: CopyAttempt,
  source: Session,
  target: Session,
): Promise<Rejected> {
  const table = await createRejectedTable(target);
  await relayCopy({
    source,
    select: rangedStatement(mapping, 'rejected', range),
    target,
    into: table,
    format: 'text',
    ...(signal === undefined ? {} : { signal }),
  });
  const rows = rejectedRowsOf(table);
  const causes = await causesOf(target, rows, (reasons) => rejectedByStatement(mapping, ['', reasons, null], classOf));
  const written = await writeQuarantineInBulk(target, name, rows, causes);
  await dropTable(target, table);
  return { ...countByClass(causes), written };
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

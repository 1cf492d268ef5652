import type { BatchReceipt } from '../src/contract/activity-types';
import type { RunRef } from '../src/contract/run';
import { createHash } from 'node:crypto';
import { createRecompute } from '../src/compile/recompute-row';
import type { QuarantinedRow } from '../src/copy/quarantined-row';
import { refsText } from '../src/copy/refs-text';
import { recordBatchDecision } from '../src/postgres/ledger/copy-decision';
import { writeQuarantine } from '../src/postgres/ledger/quarantine';
import { currentSnapshot } from '../src/postgres/queries/copy-transaction';
import type { Session } from '../src/postgres/session';
import { attemptBatch } from './copy-batch';
import type { CopyAttempt } from './copy-attempt';
import { keysOfRange, readCarefully } from './copy-careful-read';
import type { CopyHost } from './copy-host';
import { commitReceipt } from './copy-receipt';

/**
 * Puts every row in scope of a batch into quarantine and records the operator's decision in the same transaction, under the
 * batch's lease and fence. Idempotent: a batch that is done answers with its receipt.
 */
export function createQuarantineBatch(host: CopyHost) {
  return (ref: RunRef, mapping: string, ordinal: number, by: string, reason: string): Promise<BatchReceipt> =>
    attemptBatch(host, ref, mapping, ordinal, async (attempt, [source, target]) => {
      const finding = `${mapping}.batch_${ordinal}.blocked`;
      return commitReceipt(source as Session, target as Session, attempt, async () => {
        const snapshot = await currentSnapshot(source as Session);
        const keys = await keysOfRange(attempt, source as Session);
        const quarantined = await writeQuarantine(
          target as Session,
          attempt.name,
          wholeBatch(attempt, source as Session, keys, finding),
        );
        await recordBatchDecision(target as Session, attempt.run.run, { finding, rows: quarantined, by, reason });
        return {
          path: 'careful',
          sourceRows: keys.length,
          migrated: 0,
          quarantined,
          outOfScope: keys.length - quarantined,
          bytes: 0,
          digest: createHash('sha256').digest('hex'),
          snapshot,
          xids: [],
        };
      });
    });
}

async function* wholeBatch(
  attempt: CopyAttempt,
  source: Session,
  keys: readonly (readonly string[])[],
  finding: string,
): AsyncGenerator<QuarantinedRow[]> {
  const { mapping } = attempt;
  const recompute = createRecompute(mapping, {
    encoding: mapping.encoding,
    sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  });
  const blocked = (key: string, refs: string | null, sqlstate: string | null): QuarantinedRow => ({
    sourceKey: key,
    class: 'quarantined',
    reason: 'blocked',
    finding,
    column: null,
    transform: null,
    sqlstate,
    constraint: null,
    findings: [finding],
    refs,
  });
  for await (const { rows, unreadable } of readCarefully(attempt, source, keys)) {
    yield [
      ...unreadable.map(({ key, failure }) => blocked(key, null, failure.sqlstate)),
      ...rows.map((raw) => {
        const row = recompute(raw.slice(1));
        const refs = refsText(mapping.referencedColumns, (column) => {
          const value = row.values[mapping.columns.findIndex((one) => one.target === column)];
          if (value === undefined) return null;
          return 'value' in value ? value.value : 'server' in value ? value.server : null;
        });
        return blocked(raw[0] as string, refs, null);
      }),
    ];
  }
}

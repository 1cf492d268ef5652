import type { BatchReceipt } from '../../contract/activity-types';
import type { RunRef } from '../../contract/run';
import { createHash } from 'node:crypto';
import { createRecompute } from '../../compile/statements/recompute-row';
import type { QuarantinedRow } from '../../copy/quarantined-row';
import { refsText } from '../../copy/refs-text';
import { recordBatchDecision } from '../../postgres/ledger/decision/copy-decision';
import type { Receipt } from '../../postgres/ledger/batch';
import { writeQuarantine } from '../../postgres/ledger/quarantine/quarantine';
import { currentSnapshot } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { CommitUnknownError } from '../../postgres/transaction';
import { attemptBatch } from './copy-batch';
import type { CopyAttempt } from './attempt';
import { copyRowByRow } from './careful-path';
import { keysOfRange, readCarefully } from './careful-read';
import { commitReceipt } from './receipt';
import { mayBeOfRows, refuseCauseOfNoRow } from './whole-cause';
import type { Host } from '../host';

/**
 * Copies what can be copied of a batch that is blocked and puts the rest into quarantine, with the operator's decision in the same
 * transaction, under the batch's lease and fence. RP5130 where a statement is refused whatever the row: then nothing is set aside. Where
 * the batch cannot be copied row by row, for a cause that is no refusal, all of its rows go. Idempotent: a batch that is done answers
 * with its receipt.
 */
export function createQuarantineBatch(host: Host) {
  return (ref: RunRef, mapping: string, ordinal: number, by: string, reason: string): Promise<BatchReceipt> =>
    attemptBatch(host, ref, mapping, ordinal, async (attempt, [source, target], renew) => {
      const finding = `${mapping}.batch_${ordinal}.blocked`;
      const withDecision = (sessions: readonly Session[], copy: CopyAside): Promise<Receipt> => {
        const [read, write] = sessions as readonly [Session, Session];
        return commitReceipt(read, write, attempt, async () => {
          const receipt = await copy(attempt, read, write, finding);
          const rows = receipt.quarantined;
          if (rows > 0) await recordBatchDecision(write, attempt.run.run, { finding, rows, by, reason });
          return receipt;
        });
      };
      try {
        return await withDecision([source as Session, target as Session], rowByRow);
      } catch (error) {
        const { sqlstate, isConnectionLoss } = describeDatabaseError(error);
        if (sqlstate !== null || isConnectionLoss || error instanceof CommitUnknownError) throw error;
        if (attempt.signal?.aborted === true) throw error;
      }
      return withDecision(await renew(), allOfThem);
    });
}

/** The work of one transaction that sets rows of a blocked batch aside under `finding`. */
type CopyAside = (attempt: CopyAttempt, source: Session, target: Session, finding: string) => Promise<Receipt>;

const rowByRow: CopyAside = (attempt, source, target, finding) =>
  copyRowByRow(attempt, source, target, {
    ofRows: mayBeOfRows,
    file: (row) => ({ ...row, class: 'quarantined', reason: 'blocked', finding, findings: [finding] }),
    before: (session, tables, rows) => refuseCauseOfNoRow(attempt, session, tables, rows),
  });

const allOfThem: CopyAside = async (attempt, source, target, finding) => {
  const snapshot = await currentSnapshot(source);
  const keys = await keysOfRange(attempt, source);
  const quarantined = await writeQuarantine(target, attempt.name, wholeBatch(attempt, source, keys, finding));
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
};

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
  for await (const { rows, unreadable } of readCarefully(attempt, source, keys, mayBeOfRows)) {
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

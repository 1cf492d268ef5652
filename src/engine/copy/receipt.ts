import { storeReceipt, type Receipt } from '../../postgres/ledger/batch';
import { disableTimeouts } from '../../postgres/queries/copy/transaction';
import type { Session } from '../../postgres/session';
import { inTransaction } from '../../postgres/transaction';
import type { CopyAttempt } from './attempt';
import { fence, leaseLost } from './batch-lease';

/**
 * Runs `work` in one read-only snapshot of the source and one transaction of the target that holds the fence from its first
 * statement and stores the receipt as its last: rows and receipt commit together or not at all.
 */
export async function commitReceipt(
  source: Session,
  target: Session,
  attempt: CopyAttempt,
  work: () => Promise<Receipt>,
): Promise<Receipt> {
  let committed: Receipt | undefined;
  try {
    await inTransaction(source, 'repeatable read read only', async () => {
      await disableTimeouts(source);
      committed = await inTransaction(target, 'read write', async () => {
        await disableTimeouts(target);
        await fence(target, attempt.name, attempt.nonce);
        const receipt = await work();
        if (!(await storeReceipt(target, attempt.name, attempt.nonce, receipt))) throw leaseLost(attempt.name);
        return receipt;
      });
    });
  } catch (error) {
    // the source only read: once the target has committed, losing it changes nothing
    if (committed === undefined) throw error;
  }
  return committed as Receipt;
}

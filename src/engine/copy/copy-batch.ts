import { randomUUID } from 'node:crypto';
import type { BatchReceipt } from '../../contract/activity-types';
import type { CompiledMapping } from '../../contract/compiled';
import type { RunRef } from '../../contract/run';
import type { BatchName, Receipt } from '../../postgres/ledger/batch';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import type { Session } from '../../postgres/session';
import { CommitUnknownError } from '../../postgres/transaction';
import type { CopyAttempt } from './attempt';
import { rangedStatement } from './attempt';
import { copyCarefully } from './careful-path';
import { copyFast, RowsSwallowed } from './fast-path';
import { copyStaged } from './staged-path';
import { rulesOfTarget } from './target-rules';
import { wireFormat } from './row-format';
import { withHeartbeat } from '../heartbeat';
import type { Host } from '../host';
import { mappingOf } from '../host';
import { label, renewLease, resolveLostCommit, takeLease } from './batch-lease';
import { limitReached } from './check-limits';
import { SessionScope } from '../session-scope';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { classOfFindings } from '../run/decisions';
import { isRefusal } from './refused-value';

/** How the rows of a batch get to their books under the lease; `renew` gives fresh sessions after a failure. */
export type BatchWork = (
  attempt: CopyAttempt,
  sessions: Session[],
  renew: () => Promise<Session[]>,
) => Promise<Receipt>;

/** What is added to the answer about a batch that is done; by whichever way it came to be. */
export type BatchAnswer = (receipt: BatchReceipt, run: LoadedRun, session: Session) => Promise<BatchReceipt>;

/**
 * One attempt at one batch. Idempotent: a batch that is done answers with its receipt; otherwise the attempt takes the lease
 * (ending whoever holds it), and commits rows and receipt together under it. A lost COMMIT reply is looked up under the batch
 * lock before anything else happens.
 */
export async function attemptBatch(
  host: Host,
  ref: RunRef,
  mappingName: string,
  ordinal: number,
  work: BatchWork,
  answer: BatchAnswer = (receipt) => Promise.resolve(receipt),
): Promise<BatchReceipt> {
  const name: BatchName = { run: ref.run, mapping: mappingName, ordinal };
  const signal = host.signal?.();
  const sessions = new SessionScope(host, ref, `copy ${label(name)}`);
  let succeeded = false;
  try {
    const receipt = await withHeartbeat(host, { mapping: mappingName, ordinal }, async (progress) => {
      sessions.measure(progress);
      const nonce = randomUUID();
      const { target, run } = await sessions.openTarget();
      let latest = target;
      const mapping = mappingOf(run, mappingName);
      const lease = await takeLease(target, name, nonce);
      if ('receipt' in lease) return answer(lease.receipt, run, target);
      const classOf = await classOfFindings(target, run);
      const attempt: CopyAttempt = {
        ref,
        run,
        mapping,
        name,
        range: lease.batch.range,
        nonce,
        classOf,
        progress,
        signal,
      };
      const renew = async (): Promise<Session[]> => {
        sessions.discard();
        latest = (await sessions.openTarget()).target;
        await renewLease(latest, name, nonce);
        return [await sessions.openSource(run, mapping.source), latest];
      };
      let done: BatchReceipt;
      try {
        done = await during(`copying batch ${ordinal} of ${dotted(mapping.target)}`, async () =>
          asAnswer(name, await work(attempt, [await sessions.openSource(run, mapping.source), target], renew)),
        );
      } catch (error) {
        if (!(error instanceof CommitUnknownError) || signal?.aborted === true) throw error;
        sessions.discard();
        latest = (await sessions.openTarget()).target;
        done = await resolveLostCommit(latest, name);
      }
      return answer(done, run, latest);
    });
    succeeded = true;
    return receipt;
  } catch (error) {
    // a destroyed socket raises whatever it was doing; the reason is the cancellation
    signal?.throwIfAborted();
    throw error;
  } finally {
    await sessions.end(succeeded);
  }
}

function asAnswer(name: BatchName, receipt: Receipt): BatchReceipt {
  const { migrated, quarantined, outOfScope, path, bytes } = receipt;
  return { mapping: name.mapping, ordinal: name.ordinal, migrated, quarantined, outOfScope, path, bytes };
}

/** Copies a batch: fast, and carefully in the same attempt and lease when data stopped the fast path. */
export function createCopyBatch(host: Host) {
  const formats = new Map<string, 'binary' | 'text'>();
  async function formatOf(run: LoadedRun, mapping: CompiledMapping, load: string, source: Session, target: Session) {
    const id = `${run.run} ${mapping.name}`;
    const known = formats.get(id) ?? (await wireFormat(mapping, load, source, target));
    formats.set(id, known);
    return known;
  }
  const copy: BatchWork = async (attempt, [source, target], renew) => {
    // COPY would round or cut some values without an error
    if (attempt.mapping.columns.some((column) => column.trial?.silent === true))
      return copyCarefully(attempt, source as Session, target as Session);
    try {
      const load = rangedStatement(attempt.mapping, 'load', attempt.range);
      const format = await formatOf(attempt.run, attempt.mapping, load, source as Session, target as Session);
      const rules = await rulesOfTarget(attempt, target as Session);
      const copy = rules.some(({ check }) => check.ofDomain) ? copyStaged : copyFast;
      return await copy(attempt, source as Session, target as Session, format, rules);
    } catch (error) {
      if (attempt.signal?.aborted === true) throw error;
      if (!(error instanceof RowsSwallowed) && !isRefusal(attempt.mapping, error)) throw error;
    }
    attempt.progress.rows = 0;
    attempt.progress.bytes = 0;
    const [freshSource, freshTarget] = await renew();
    return copyCarefully(attempt, freshSource as Session, freshTarget as Session);
  };
  return (ref: RunRef, mapping: string, ordinal: number): Promise<BatchReceipt> =>
    attemptBatch(host, ref, mapping, ordinal, copy, withLimit);
}

/** Whether the table has more bad rows by now than it may have. */
const withLimit: BatchAnswer = async (receipt, run, session) => {
  if (receipt.quarantined === 0) return receipt;
  const over = await limitReached(session, run, mappingOf(run, receipt.mapping));
  return over === null ? receipt : { ...receipt, overLimit: true };
};

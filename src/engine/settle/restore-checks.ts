import type { CompiledMapping } from '../../contract/compiled';
import { fail } from '../../errors/rowproof-error';
import { readSteps } from '../../postgres/ledger/run/step';
import { inSavepoint } from '../../postgres/queries/copy/savepoint';
import { lockAgainstWriters } from '../../postgres/queries/rollback/rows';
import { changeTarget, runStatements } from '../../postgres/queries/schema-change/settings';
import { anyBreaks, createCheckFunction, dropCheckFunction } from '../../postgres/queries/schema-change/check';
import { constraintState } from '../../postgres/queries/schema-change/foreign-key';
import { readBlocks } from '../../postgres/queries/settle/settle';
import { asApplication } from '../../postgres/application-path';
import { describeDatabaseError, isCheckViolation } from '../../postgres/sqlstate';
import { addCheckStatements, validateCheckStatement } from '../../rollback/restore-check';
import type { CheckDetail, Step } from '../../rollback/step-detail';
import type { AssignedRow, TargetRow } from '../../settle/assign-source-keys';
import { brokenCheckSql } from '../../settle/violations-sql';
import { dotted, qualified } from '../../sql/quote';
import { SettleReconciliation, type SettleWork } from './settle-reconciliation';
import { putBack, type Restored } from '../prepare/restore-objects';
import type { TargetWork } from '../target-work';

const blockRows = 20_000;

export interface CheckSettling extends SettleWork {
  readonly mappingNamed: (name: string) => CompiledMapping;
  readonly withSourceKeys: (mapping: CompiledMapping, rows: readonly TargetRow[]) => Promise<AssignedRow[]>;
  readonly classOf: (finding: string) => 'quarantined' | 'out_of_scope';
}

async function checksAside(work: TargetWork): Promise<CheckDetail[]> {
  const steps = await readSteps(work.session, work.run.run, 'check');
  return steps.filter(({ state }) => state === 'done').map(({ detail }) => detail);
}

/** Takes the rows away for which a CHECK that was set aside is false, now that all tables are there; resolves to how many. */
export async function settleChecks(work: CheckSettling, round: number): Promise<number> {
  let taken = 0;
  // a row that breaks several counts where discovery counted it: it could not try those that read tables
  const checks = (await checksAside(work)).sort((a, b) => Number(a.reads) - Number(b.reads));
  for (const check of checks) taken += await settleCheck(work, check, round);
  return taken;
}

/** From here on the CHECKs hold for every row that is written; rows that are there are validated later. */
export async function enforceChecks(work: TargetWork): Promise<void> {
  // those of partitions first: the parent's then finds them there
  for (const check of (await checksAside(work)).reverse()) await addCheck(work, check, false);
}

async function addCheck(work: TargetWork, check: CheckDetail, rollback: boolean): Promise<void> {
  const { session, run } = work;
  const doing = `adding CHECK ${check.name} to ${dotted(check.relation)}`;
  await changeTarget(
    session,
    run.run,
    { object: subject(check), doing, rollback, onAttempt: work.heartbeat },
    async () => {
      if ((await constraintState(session, check.relation, check.name)) === 'absent')
        await asApplication(session, () => runStatements(session, addCheckStatements(check)));
    },
  );
}

function subject({ relation, name }: CheckDetail): string {
  return `${qualified(relation)} ${name}`;
}

async function settleCheck(work: CheckSettling, check: CheckDetail, round: number): Promise<number> {
  const { session, run } = work;
  const mapping = work.mappingNamed(check.mapping);
  const doing = `looking for rows of ${dotted(mapping.target)} that break ${check.name}`;
  return changeTarget(session, run.run, { object: subject(check), doing, onAttempt: work.heartbeat }, async () => {
    await lockAgainstWriters(session, mapping.target);
    const tried = await inSavepoint(session, () => asApplication(session, () => anyBreaks(session, check)), isRefusal);
    if ('value' in tried && !tried.value) return 0;
    const byRow = 'value' in tried ? null : await createCheckFunction(session, check);
    // rounds know no rule of this kind, and would let these rows in again and again: they wait for nothing
    const reconciliation = new SettleReconciliation({ ...work, hold: false }, mapping, {
      mapping: mapping.name,
      kind: 'check',
      round,
      finding: check.finding,
    });
    const blocks = readBlocks<{ table: string; row: string; target_key: string; refs: string | null }>(
      session,
      brokenCheckSql(check, mapping, byRow),
      [],
      blockRows,
    );
    for await (const block of blocks) {
      work.heartbeat();
      const rows = block.map((raw) => ({ ...raw, targetKey: raw.target_key }));
      await reconciliation.take(
        (await work.withSourceKeys(mapping, rows)).map((row) => ({
          row,
          reason: 'check',
          finding: check.finding,
          class: work.classOf(check.finding),
        })),
        { columns: check.columns.join('+'), constraint: check.name },
      );
    }
    if (byRow !== null) await dropCheckFunction(session, byRow);
    return reconciliation.close();
  });
}

/** The expression was refused as such: another attempt meets the same. */
function isRefusal(error: unknown): boolean {
  const { sqlstate, isRetryable, isConnectionLoss } = describeDatabaseError(error);
  return sqlstate !== null && !isRetryable && !isConnectionLoss;
}

/** Brings a CHECK back and validates it, where it was valid, in a transaction that readers and writers outlive. */
export async function restoreCheck(work: TargetWork, step: Step<'check'>, to: Restored): Promise<void> {
  const { session, run } = work;
  const { detail } = step;
  await addCheck(work, detail, to === 'compensated');
  try {
    await putBack(work, step, to, async () => {
      if (!detail.validated || (await constraintState(session, detail.relation, detail.name)) !== 'invalid') return;
      await asApplication(session, () => session.query(validateCheckStatement(detail)));
    });
  } catch (error) {
    if (!isCheckViolation(error)) throw error;
    throw fail('RP5140', `Rows of ${qualified(detail.relation)} break ${detail.name} (run ${run.run})`, {
      where: { object: subject(detail) },
      cause: error,
    });
  }
}

import { fail } from '../src/errors/rowproof-error';
import { readStep, readSteps, setStepState } from '../src/postgres/ledger/step';
import { changeTarget, runStatements } from '../src/postgres/queries/schema-change';
import { constraintState } from '../src/postgres/queries/schema-change-foreign-key';
import { indexState } from '../src/postgres/queries/schema-change-index';
import type { Session } from '../src/postgres/session';
import { describeDatabaseError } from '../src/postgres/sqlstate';
import { restoreForeignKey } from '../src/rollback/restore-foreign-key';
import { createIndexStatements } from '../src/rollback/restore-index';
import { restoreTriggerStatements } from '../src/rollback/restore-triggers';
import type { Step, StepState } from '../src/rollback/step-detail';
import { qualified } from '../src/sql/quote';
import type { StepWork } from './prepare-host';

/** Whether the run itself puts something back, or a rollback does. */
export type Restored = Exclude<StepState, 'done'>;

async function put(work: StepWork, step: Step, to: Restored, change: () => Promise<void>): Promise<void> {
  const options = { object: step.subject, rollback: to === 'compensated', onAttempt: work.beat };
  await changeTarget(work.session, work.run.run, options, async () => {
    const now = await readStep(work.session, work.run.run, step.ordinal);
    if (now === null || now.state === 'compensated' || now.state === to) return;
    await change();
    await setStepState(work.session, work.run.run, step.ordinal, to);
  });
}

/** Brings an index tree back in one transaction and requires that PostgreSQL calls all of it valid. */
export async function restoreIndex(work: StepWork, step: Step<'index'>, to: Restored): Promise<void> {
  const { detail } = step;
  const where = { object: step.subject };
  try {
    await put(work, step, to, async () => {
      if ((await indexState(work.session, detail.root)) === 'absent')
        await runStatements(work.session, createIndexStatements(detail));
      for (const node of [detail.root, ...detail.partitions]) {
        if ((await indexState(work.session, node)) !== 'valid') {
          throw fail('RP5112', `Index ${qualified(node.index)} is not valid after it was rebuilt`, { where });
        }
      }
    });
  } catch (error) {
    if (describeDatabaseError(error).sqlstate !== '23505') throw error;
    throw fail('RP5110', `Rows of ${qualified(detail.root.relation)} violate ${detail.root.index.name}`, {
      where,
      cause: error,
    });
  }
}

/**
 * Brings a foreign key back: NOT VALID first, then validated in a transaction of its own, which readers and writers
 * outlive; a partitioned table from its leaves upwards.
 */
export async function restoreForeignKeyStep(work: StepWork, step: Step<'foreign_key'>, to: Restored): Promise<void> {
  const { session, run } = work;
  const options = { object: step.subject, rollback: to === 'compensated', onAttempt: work.beat };
  try {
    for (const { node, add, validate, comment } of restoreForeignKey(step.detail)) {
      await changeTarget(session, run.run, options, async () => {
        if ((await constraintState(session, node.relation, node.name)) !== 'absent') return;
        await session.query(add);
        if (comment !== null) await session.query(comment);
      });
      if (validate === null) continue;
      await changeTarget(session, run.run, options, async () => {
        if ((await constraintState(session, node.relation, node.name)) === 'invalid') await session.query(validate);
      });
    }
    await put(work, step, to, async () => {
      for (const node of [step.detail, ...step.detail.partitions]) {
        const state = await constraintState(session, node.relation, node.name);
        if (state === 'valid' || (state === 'invalid' && !step.detail.validated)) continue;
        throw fail(
          'RP5112',
          `Foreign key ${node.name} of ${qualified(node.relation)} is not valid after it was rebuilt`,
          { where: { object: step.subject } },
        );
      }
    });
  } catch (error) {
    if (describeDatabaseError(error).sqlstate !== '23503') throw error;
    throw fail('RP5111', `Rows of ${qualified(step.detail.relation)} violate ${step.detail.name}`, {
      where: { object: step.subject },
      cause: error,
    });
  }
}

/** Sets every trigger to the state it was found in. */
export async function restoreTriggers(work: StepWork, step: Step<'triggers'>, to: Restored): Promise<void> {
  await put(work, step, to, () => runStatements(work.session, restoreTriggerStatements(step.detail)));
}

/** Sets the triggers of all tables to the states they were found in, in the caller's transaction, which holds the run's step lock. */
export async function restoreTriggersAtOnce(session: Session, run: string): Promise<void> {
  for (const step of await readSteps(session, run, 'triggers')) {
    if (step.state !== 'done') continue;
    await runStatements(session, restoreTriggerStatements(step.detail));
    await setStepState(session, run, step.ordinal, 'restored');
  }
}

/** A step whose undoing is one change; the ledger says when it was done. */
export async function putBack(work: StepWork, step: Step, to: Restored, change: () => Promise<void>): Promise<void> {
  await put(work, step, to, change);
}

import { fail } from '../../errors/rowproof-error';
import { readStep, readSteps, setStepState } from '../../postgres/ledger/run/step';
import { changeTarget, runStatements } from '../../postgres/queries/schema-change/settings';
import { constraintState } from '../../postgres/queries/schema-change/foreign-key';
import { indexState } from '../../postgres/queries/schema-change/index-build';
import { relationsNow } from '../../postgres/queries/schema-change/tree';
import { existingTriggers } from '../../postgres/queries/schema-change/trigger';
import { during } from '../../postgres/refusal';
import type { Session } from '../../postgres/session';
import {
  isRelationChanged,
  isUndefinedFunction,
  isUniqueViolation,
  isForeignKeyViolation,
} from '../../postgres/sqlstate';
import { restoreForeignKey } from '../../rollback/restore-foreign-key';
import { createIndexStatements } from '../../rollback/restore-index';
import { restoreTriggerStatements } from '../../rollback/restore-triggers';
import type { IndexNode, Step, StepKind, StepState } from '../../rollback/step-detail';
import { dotted, qualified, unquoted } from '../../sql/quote';
import type { QualifiedName } from '../../contract/catalog';
import type { TargetWork } from '../target-work';
import { asApplication } from '../../postgres/application-path';

/** Whether the run itself puts something back, or a rollback does. */
export type Restored = Exclude<StepState, 'done'>;

const restoring = {
  index: 'building index',
  foreign_key: 'restoring foreign key',
  triggers: 'restoring the triggers of',
  sequence: 'advancing sequence',
  materialized_view: 'refreshing materialized view',
} satisfies Partial<Record<StepKind, string>>;

async function put(work: TargetWork, step: Step, to: Restored, change: () => Promise<void>): Promise<void> {
  const doing = `${(restoring as Partial<Record<StepKind, string>>)[step.kind] ?? 'restoring'} ${step.subject}`;
  const options = { object: step.subject, doing, rollback: to === 'compensated', onAttempt: work.heartbeat };
  await changeTarget(work.session, work.run.run, options, async () => {
    const now = await readStep(work.session, work.run.run, step.ordinal);
    if (now === null || now.state === 'compensated' || now.state === to) return;
    await change();
    await setStepState(work.session, work.run.run, step.ordinal, to);
  });
}

/**
 * A rollback does not end on what others took away meanwhile: what cannot come back because of that stays away, and its proof names it.
 * An index whose function is missing is not of that kind.
 */
async function unlessGone(
  work: TargetWork,
  step: Step,
  to: Restored,
  isGone: (error: unknown) => boolean,
  restore: () => Promise<void>,
): Promise<void> {
  try {
    await restore();
  } catch (error) {
    if (to !== 'compensated' || !isGone(error)) throw error;
    await put(work, step, to, () => Promise.resolve());
  }
}

/** Brings an index tree back in one transaction, where its tables still are, and requires that PostgreSQL calls all of it valid. */
export async function restoreIndex(work: TargetWork, step: Step<'index'>, to: Restored): Promise<void> {
  const { detail } = step;
  const { session } = work;
  const where = { object: step.subject };
  const all = [detail.root, ...detail.partitions];
  try {
    await unlessGone(work, step, to, isRelationChanged, () =>
      put(work, step, to, async () => {
        const now = await relationsNow(
          session,
          all.map(({ relation }) => relation),
        );
        const there = all.filter(({ relation }) => now.has(qualified(relation)));
        const absent: IndexNode[] = [];
        for (const node of there) if ((await indexState(session, node)) === 'absent') absent.push(node);
        if (absent.length > 0)
          await asApplication(session, () => runStatements(session, createIndexStatements(detail, absent, now)));
        for (const node of there) {
          if ((await indexState(session, node)) !== 'valid') {
            throw fail('RP5112', `Index ${qualified(node.index)} is not valid after it was rebuilt`, { where });
          }
        }
      }),
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw fail('RP5110', `Rows of ${qualified(detail.root.relation)} violate ${detail.root.index.name}`, {
      where,
      cause: error,
    });
  }
}

/**
 * Brings a foreign key back: NOT VALID first, then validated in a transaction of its own, which readers and writers
 * outlive; a partitioned table from its leaves upwards. Not on tables that are gone. One of a table outside the plan whose rows break it
 * stays NOT VALID.
 */
export async function restoreForeignKeyStep(work: TargetWork, step: Step<'foreign_key'>, to: Restored): Promise<void> {
  try {
    await unlessGone(
      work,
      step,
      to,
      (error) => isRelationChanged(error) || isUndefinedFunction(error),
      () => restoreNodes(work, step, to),
    );
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    throw fail('RP5111', `Rows of ${qualified(step.detail.relation)} violate ${step.detail.name}`, {
      where: { object: step.subject },
      cause: error,
    });
  }
}

async function restoreNodes(work: TargetWork, step: Step<'foreign_key'>, to: Restored): Promise<void> {
  const { session, run } = work;
  const { detail } = step;
  const options = { object: step.subject, rollback: to === 'compensated', onAttempt: work.heartbeat };
  const named = (
    verb: string,
    node: { name: string; relation: QualifiedName },
  ): typeof options & { doing: string } => ({
    ...options,
    doing: `${verb} foreign key ${node.name} ${verb === 'adding' ? 'to' : 'of'} ${dotted(node.relation)}`,
  });
  const all = [detail, ...detail.partitions];
  const wanted = run.compiled.plan.mappings.find(({ name }) => name === detail.mapping)?.validate === true;
  const validates = to === 'restored' && wanted && detail.enforced;
  const now = await relationsNow(session, [...all.map(({ relation }) => relation), detail.parent]);
  const there = now.has(qualified(detail.parent)) ? all.filter(({ relation }) => now.has(qualified(relation))) : [];
  // rows of others that break it are found by the proof, and decided there: until then it stays NOT VALID
  const mayStayInvalid = (error: unknown): boolean => detail.mapping === null && isForeignKeyViolation(error);
  let left = false;
  for (const { node, add, validate, comment } of restoreForeignKey(detail, validates)) {
    if (!there.includes(node)) continue;
    await changeTarget(session, run.run, named('adding', node), async () => {
      if ((await constraintState(session, node.relation, node.name)) !== 'absent') return;
      await asApplication(session, () => session.query(add));
      if (comment !== null) await session.query(comment);
    });
    if (validate === null) continue;
    try {
      await changeTarget(session, run.run, named('validating', node), async () => {
        if ((await constraintState(session, node.relation, node.name)) === 'invalid')
          await asApplication(session, () => session.query(validate));
      });
    } catch (error) {
      if (!mayStayInvalid(error)) throw error;
      left = true;
    }
  }
  await put(work, step, to, async () => {
    for (const node of there) {
      const state = await constraintState(session, node.relation, node.name);
      if (state === 'valid' || (state === 'invalid' && (left || (!detail.validated && !validates)))) continue;
      throw fail(
        'RP5112',
        `Foreign key ${node.name} of ${qualified(node.relation)} is not valid after it was rebuilt`,
        { where: { object: step.subject } },
      );
    }
  });
}

/** Sets every trigger that is still there to the state it was found in. */
export async function restoreTriggers(work: TargetWork, step: Step<'triggers'>, to: Restored): Promise<void> {
  await put(work, step, to, async () => {
    const triggers = await existingTriggers(work.session, step.detail.triggers);
    await runStatements(work.session, restoreTriggerStatements({ ...step.detail, triggers }));
  });
}

/** Sets the triggers of all tables to the states they were found in, in the caller's transaction, which holds the run's step lock. */
export async function restoreTriggersAtOnce(session: Session, run: string): Promise<void> {
  for (const step of await readSteps(session, run, 'triggers')) {
    if (step.state !== 'done') continue;
    await during(`${restoring.triggers} ${unquoted(step.subject)}`, async () => {
      const triggers = await existingTriggers(session, step.detail.triggers);
      await runStatements(session, restoreTriggerStatements({ ...step.detail, triggers }));
    });
    await setStepState(session, run, step.ordinal, 'restored');
  }
}

/** A step whose undoing is one change; the ledger says when it was done. */
export async function putBack(work: TargetWork, step: Step, to: Restored, change: () => Promise<void>): Promise<void> {
  await put(work, step, to, change);
}

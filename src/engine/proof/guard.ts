import { guardBlock } from '../../cutover/write-block-sql';
import { fail } from '../../errors/rowproof-error';
import { hasStep, insertStep, readSteps, setStepState } from '../../postgres/ledger/run/step';
import {
  createWriteBlock,
  dropWriteBlockFunction,
  dropWriteBlockTrigger,
  writeBlockIsWhole,
  writeBlockTriggers,
  writableTree,
} from '../../postgres/queries/cutover/freeze-trigger';
import { subscribedRelations } from '../../postgres/queries/cutover/barrier';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { during } from '../../postgres/refusal';
import { dotted, dottedAll } from '../../sql/quote';
import { writeBlockName } from '../run/relations';
import type { TargetWork } from '../target-work';
import { keepingProof } from './proved-tables';

type GuardWork = Pick<TargetWork, 'session' | 'run' | 'mappings' | 'heartbeat'>;

const subject = 'target tables';

/** Refuses writes of others to the mapped target tables from here on; step and triggers in one transaction. Idempotent. */
export async function putGuard(work: TargetWork): Promise<{ tables: number }> {
  const { session, run, mappings } = work;
  const name = writeBlockName(run, 'guard');
  return changeTarget(session, run.run, { object: 'the target tables', onAttempt: work.heartbeat }, async () => {
    const relations = await writableTree(
      session,
      mappings.map((mapping) => mapping.target),
    );
    if (await hasStep(session, run.run, 'guard', subject)) return { tables: relations.length };
    const [table] = await subscribedRelations(session, relations);
    if (table !== undefined)
      throw fail('RP5450', `A subscription writes to ${table} of the target`, { where: { object: table } });
    await during(`guarding ${dottedAll(relations)}`, () =>
      createWriteBlock(session, guardBlock(name, run.run), relations),
    );
    await insertStep(session, run.run, 'guard', subject, { trigger: name, relations });
    return { tables: relations.length };
  });
}

/**
 * Puts up anew what is missing of a guard, before a proof relies on it. Taking its locks waits for whoever wrote without it. Tables whose
 * guard was whole stay proved.
 */
export async function repairGuard({ session, run, mappings, heartbeat }: GuardWork): Promise<void> {
  if (!(await readSteps(session, run.run, 'guard')).some(({ state }) => state === 'done')) return;
  const gate = guardBlock(writeBlockName(run, 'guard'), run.run);
  const targets = mappings.map(({ target }) => target);
  if (await writeBlockIsWhole(session, gate, await writableTree(session, targets))) return;
  await changeTarget(session, run.run, { object: 'the target tables', onAttempt: heartbeat }, () =>
    keepingProof(session, run, async () => createWriteBlock(session, gate, await writableTree(session, targets))),
  );
}

/** Takes the guard away in the caller's transaction and says so in its step. */
export async function releaseGuard(work: TargetWork, state: 'restored' | 'compensated'): Promise<void> {
  const { session, run } = work;
  for (const step of await readSteps(session, run.run, 'guard')) {
    if (step.state === 'compensated' || step.state === state) continue;
    for (const relation of await writeBlockTriggers(session, step.detail.trigger)) {
      await during(`taking the guard off ${dotted(relation)}`, () =>
        dropWriteBlockTrigger(session, step.detail.trigger, relation),
      );
    }
    await dropWriteBlockFunction(session, step.detail.trigger);
    await setStepState(session, run.run, step.ordinal, state);
  }
}

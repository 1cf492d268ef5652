import type { PrepareActivities } from '../../contract/activity-types';
import type { CompiledMapping } from '../../contract/compiled';
import { RowproofError, fail, problem } from '../../errors/rowproof-error';
import { claimTables } from '../../postgres/ledger/run/claim';
import { countSteps, hasStep, insertStep } from '../../postgres/ledger/run/step';
import {
  hasRows,
  lockAgainstWriters,
  lockExclusively,
  saveRows,
  truncateTables,
  writableColumns,
} from '../../postgres/queries/rollback/rows';
import { changeTarget, runStatements } from '../../postgres/queries/schema-change/settings';
import { readChecksAside } from '../../postgres/queries/schema-change/check';
import { constraintState, readForeignKeys } from '../../postgres/queries/schema-change/foreign-key';
import { readIndexes, tableExists } from '../../postgres/queries/schema-change/index-build';
import { relationsNow } from '../../postgres/queries/schema-change/tree';
import { readTriggers } from '../../postgres/queries/schema-change/trigger';
import { readMaterializedViews } from '../../postgres/queries/schema-change/view-dependencies';
import { readSequences } from '../../postgres/queries/cutover/sequence';
import { decisionFor } from '../../profile/decision-match';
import { whyKept } from '../../rollback/kept-index';
import { dropCheckStatement } from '../../rollback/restore-check';
import { dropForeignKeyStatement } from '../../rollback/restore-foreign-key';
import { dropIndexStatements } from '../../rollback/restore-index';
import {
  disableTriggerStatements,
  restoreTriggerStatements,
  silenceTriggerStatements,
} from '../../rollback/restore-triggers';
import type { RowsDetail, StepDetails, StepKind, TriggerState, TriggersDetail } from '../../rollback/step-detail';
import { savedTableName } from '../../postgres/ledger/run/saved-table';
import { qualified } from '../../sql/quote';
import { wayBackProblems } from '../run/way-back';
import { onTarget, type TargetWork } from '../target-work';
import { decisionsOf } from '../run/decisions';
import type { Host } from '../host';
import type { RunRef } from '../../contract/run';

/**
 * Idempotent: a step that the ledger holds is never taken again, and what it changed is not found in the catalog any more.
 * Steps are numbered so that undoing them from the last to the first is right.
 */
export function prepareTarget(host: Host, ref: RunRef): ReturnType<PrepareActivities['prepareTarget']> {
  return onTarget(host, ref, 'prepare', async (work) => {
    await claimTables(
      work.session,
      work.run.run,
      work.mappings.map((mapping) => qualified(mapping.target)),
    );
    await refuseUnfitTables(work);
    await refuseWithoutWayBack(work);
    await recordViews(work);
    await recordSequences(work);
    await quietTriggers(work);
    await dropForeignKeys(work);
    await dropChecks(work);
    const kept = await dropIndexes(work);
    for (const mapping of work.mappings) {
      await saveExistingRows(work, mapping);
      await openRows(work, mapping, kept.get(mapping.name) ?? []);
    }
    return { steps: await countSteps(work.session, work.run.run) };
  });
}

const taking: Partial<Record<StepKind, string>> = {
  materialized_view: 'recording materialized view',
  sequence: 'recording sequence',
  triggers: 'disabling the triggers of',
  foreign_key: 'setting aside the foreign key',
  index: 'setting aside the index',
  rows_saved: 'saving the rows of',
  rows: 'opening',
};

/** One change and its step in one transaction; nothing when the step is there already. */
async function takeStep<Kind extends StepKind>(
  work: TargetWork,
  kind: Kind,
  subject: string,
  change: () => Promise<StepDetails[Kind]>,
): Promise<void> {
  await changeTarget(
    work.session,
    work.run.run,
    { object: subject, doing: `${taking[kind] ?? 'changing'} ${subject}`, onAttempt: work.heartbeat },
    async () => {
      if (await hasStep(work.session, work.run.run, kind, subject)) return;
      await insertStep(work.session, work.run.run, kind, subject, await change());
    },
  );
}

async function refuseUnfitTables({ session, run, mappings }: TargetWork): Promise<void> {
  const problems = [];
  for (const mapping of mappings) {
    const name = qualified(mapping.target);
    const where = { object: name };
    if (!(await tableExists(session, mapping.target))) {
      problems.push(problem('RP5105', `Target table ${name} does not exist`, { where }));
    } else if (
      mapping.whenNotEmpty === 'refuse' &&
      !(await hasStep(session, run.run, 'rows', name)) &&
      (await hasRows(session, mapping.target))
    ) {
      problems.push(problem('RP5101', `Target table ${name} is not empty`, { where }));
    }
  }
  if (problems.length > 0) throw new RowproofError(problems);
}

/** RP5120: once more, right before the first of them goes; rights may have changed since the check. */
async function refuseWithoutWayBack({ session, mappings, heartbeat }: TargetWork): Promise<void> {
  const problems = await wayBackProblems(session, mappings, { ledger: false, heartbeat });
  const [first] = problems;
  if (first === undefined) return;
  throw new RowproofError(problems.map(({ what, where, why, fix }) => problem('RP5120', what, { where, why, fix })));
}

async function recordViews(work: TargetWork): Promise<void> {
  for (const detail of await readMaterializedViews(work.session, work.mappings)) {
    await takeStep(work, 'materialized_view', qualified(detail.view), () => Promise.resolve(detail));
  }
}

async function recordSequences(work: TargetWork): Promise<void> {
  const loose = work.run.compiled.sequences.map(({ sequence }) => sequence);
  for (const detail of await readSequences(work.session, work.mappings, loose)) {
    await takeStep(work, 'sequence', qualified(detail.sequence), () => Promise.resolve(detail));
  }
}

/** Reads the triggers of one table with what the decisions say about each; no decision disables. */
async function triggersOf(work: TargetWork, mapping: CompiledMapping): Promise<TriggersDetail> {
  const decisions = await decisionsOf(work.session, work.run);
  const found = await readTriggers(work.session, [mapping]);
  const triggers = found.map(({ trigger }): TriggerState => {
    const decided = decisionFor(decisions, `${mapping.name}.${trigger.name}.trigger`);
    return { ...trigger, action: decided?.action === 'fire' ? 'fire' : 'disable' };
  });
  return { mapping: mapping.name, relation: mapping.target, triggers };
}

async function quietTriggers(work: TargetWork): Promise<void> {
  for (const mapping of work.mappings) {
    await takeStep(work, 'triggers', qualified(mapping.target), async () => {
      const detail = await triggersOf(work, mapping);
      await runStatements(work.session, disableTriggerStatements(detail));
      return detail;
    });
  }
}

async function dropForeignKeys(work: TargetWork): Promise<void> {
  for (const detail of await readForeignKeys(work.session, work.mappings)) {
    await takeStep(work, 'foreign_key', `${qualified(detail.relation)} ${detail.name}`, async () => {
      await work.session.query(dropForeignKeyStatement(detail));
      return detail;
    });
  }
}

/** Those that may look at other rows: while rows are loaded, what they would look at may not be there. */
async function dropChecks(work: TargetWork): Promise<void> {
  const { session, run } = work;
  for (const detail of await readChecksAside(session, run.compiled.checksAside)) {
    await takeStep(work, 'check', `${qualified(detail.relation)} ${detail.name}`, async () => {
      if ((await constraintState(session, detail.relation, detail.name)) !== 'absent')
        await session.query(dropCheckStatement(detail));
      return detail;
    });
  }
}

async function dropIndexes(work: TargetWork): Promise<Map<string, RowsDetail['kept'][number][]>> {
  const kept = new Map<string, RowsDetail['kept'][number][]>();
  for (const found of await readIndexes(work.session, work.mappings)) {
    const { exclusion, depended, ...detail } = found;
    const mapping = work.mappings.find((one) => one.name === detail.mapping) as CompiledMapping;
    const why = whyKept(detail, { exclusion, depended }, mapping);
    if (why !== null) {
      kept.set(mapping.name, [...(kept.get(mapping.name) ?? []), { index: detail.root.index, why }]);
      continue;
    }
    await takeStep(work, 'index', `${qualified(detail.root.relation)} ${detail.root.index.name}`, async () => {
      await runStatements(work.session, dropIndexStatements(detail));
      return detail;
    });
  }
  return kept;
}

/** `replace`: the rows go to a table of schema rowproof and come back on rollback. */
async function saveExistingRows(work: TargetWork, mapping: CompiledMapping): Promise<void> {
  const { session, run } = work;
  const subject = qualified(mapping.target);
  if (mapping.whenNotEmpty !== 'replace' || (await hasStep(session, run.run, 'rows', subject))) return;
  if (!(await hasRows(session, mapping.target))) return;
  await takeStep(work, 'rows_saved', subject, async () => {
    const saved = { schema: 'rowproof', name: savedTableName(run.run, mapping.name) };
    await lockExclusively(session, [mapping.target]);
    const rows = await saveRows(session, mapping.target, saved);
    // truncate triggers that fire during the load belong to the migration's rows, not to these
    const triggers = await triggersOf(work, mapping);
    await runStatements(session, silenceTriggerStatements(triggers));
    await truncateTables(session, [mapping.target]);
    await runStatements(session, restoreTriggerStatements(triggers));
    return {
      mapping: mapping.name,
      relation: mapping.target,
      saved,
      rows,
      columns: await writableColumns(session, mapping.target),
    };
  });
}

/** The last step of a table: from here on its rows are the run's own. */
async function openRows(work: TargetWork, mapping: CompiledMapping, kept: RowsDetail['kept']): Promise<void> {
  const name = qualified(mapping.target);
  await takeStep(work, 'rows', name, async () => {
    await lockAgainstWriters(work.session, mapping.target);
    if (await hasRows(work.session, mapping.target)) {
      throw fail('RP5101', `Rows came into ${name} while it was being prepared`, {
        where: { object: name },
        why: 'Somebody else writes to it.',
        fix: 'Stop whoever writes to the target, then roll back and start again.',
      });
    }
    const tree = await relationsNow(work.session, [mapping.target]);
    const partitions = [...tree.values()].filter(({ parent }) => parent !== null).map(({ relation }) => relation);
    return { mapping: mapping.name, relation: mapping.target, partitions, kept };
  });
}

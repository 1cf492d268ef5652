import type { CaptureStop } from '../../../capture/compare-capture';
import { readColumns, mappingsOf } from '../../../capture/describe-news';
import { stopNote } from '../../../capture/stop-note';
import { captureSites, siteNames } from '../../../capture/trigger-sql';
import type { CaptureReport } from '../../../contract/delta';
import { fail, RowproofError } from '../../../errors/rowproof-error';
import type { Cursor } from '../../../postgres/ledger/follow/cursor';
import { lockApplyLease, setApplyLeaseState } from '../../../postgres/ledger/follow/apply-lease';
import type { LockBudget } from '../../../postgres/queries/capture/lock';
import { readCaptureFingerprint } from '../../../postgres/queries/capture/fingerprint';
import { liveChangeBytes, changeTableBytes, vacuumChanges } from '../../../postgres/queries/capture/changes';
import { changeTable, changeTableName } from '../../../postgres/queries/capture/name';
import { noteOnTable } from '../../../postgres/queries/capture/note';
import {
  createChangeObjects,
  createTriggers,
  dropChangeObjects,
  dropTriggers,
  emptyChangeTable,
  muteTriggers,
} from '../../../postgres/queries/capture/objects';
import { purgedBeyond, purgeChanges, restartPurge } from '../../../postgres/queries/capture/purge';
import { oldSnapshots } from '../../../postgres/queries/capture/old-snapshots';
import { triggerProblems } from '../../../postgres/queries/capture/preflight';
import { currentSnapshot } from '../../../postgres/queries/copy/transaction';
import { inTransaction } from '../../../postgres/transaction';
import type { CaptureDetail } from '../../../rollback/step-detail';
import { checkFingerprint, compareFingerprint, fingerprintOf } from '../check-fingerprint';
import type { LoneWork, Repaired, SourceCapture, SourceWork, Installed } from '../capture-kind';

/** Marks that were consumed later than this stay: the target may come back with an older cursor. */
const horizonSeconds = 600;
/** A change table smaller than this is not worth a purge. */
const purgeAboveBytes = 16 * 2 ** 20;
const purgeAtMost = 2_000_000;

/** Capture by triggers that write the keys of changed rows into an insert-only change table. */
export const triggerCapture: SourceCapture = {
  preflight: (work) =>
    triggerProblems(work.source, work.relations, (relation) =>
      mappingsOf(work.run.compiled.mappings, work.relations, { ids: [relation.id] }).flatMap(readColumns),
    ),
  describe,
  install,
  remove,
  watch,
  monitorAlone,
  repair,
  check: (work, facts, truncated) => checkFingerprint(work, work.name, facts, truncated),
};

function budgetOf({ run, heartbeat }: LoneWork): LockBudget {
  const { lockTimeoutMs, lockBudgetMs } = run.compiled.plan.settings.capture;
  return { lockTimeoutMs, lockBudgetMs, heartbeat };
}

function describe(work: SourceWork): CaptureDetail {
  const sites = captureSites(work.relations);
  const functions = sites.map((site) => [`function_${site.id}`, siteNames(work.name, site).function] as const);
  return {
    source: work.sourceName,
    kind: 'triggers',
    objects: { name: work.name, changeTable: changeTableName(work.name), ...Object.fromEntries(functions) },
    relations: sites.map(({ relation }) => relation),
  };
}

async function create(work: SourceWork): Promise<void> {
  const sites = captureSites(work.relations);
  await createChangeObjects(work.source, work.name, sites);
  for (const site of sites) await createTriggers(work.source, work.name, site, budgetOf(work));
}

async function install(work: SourceWork): Promise<Installed> {
  await create(work);
  // a transaction of its own after the last trigger: every writer it does not see has met the triggers
  return inTransaction(work.source, 'repeatable read read only', async () => ({
    snapshot: await currentSnapshot(work.source),
    facts: await factsNow(work),
  }));
}

async function factsNow(work: SourceWork): Promise<Readonly<Record<string, unknown>>> {
  const fingerprint = await readCaptureFingerprint(work.source, work.relations, work.name);
  return { kind: 'triggers', name: work.name, fingerprint };
}

async function remove(work: SourceWork, detail: CaptureDetail): Promise<void> {
  const name = detail.objects['name'] ?? work.name;
  await dropTriggers(work.source, name, budgetOf(work));
  await dropChangeObjects(work.source, name, budgetOf(work));
}

async function watch(work: SourceWork, cursor: Cursor): Promise<CaptureReport> {
  const { source, name, heartbeat } = work;
  const size = await changeTableBytes(source, name);
  if (size !== null && size >= purgeAboveBytes) {
    await purgeChanges(source, name, cursor.snapshot, { horizonSeconds, atMost: purgeAtMost, heartbeat });
  }
  return bounded(work, size, (what) => giveUp(work, what));
}

/** Nothing is purged: how far the target is, only the target knows. */
async function monitorAlone(work: LoneWork): Promise<CaptureReport> {
  const size = await changeTableBytes(work.source, work.name);
  return bounded(work, size, (what) => silence(work, `${what} while the target could not be reached`));
}

/** Looks at the limit; `stop` ends the capture when it is reached, and RP5309 says so. */
async function bounded(
  work: LoneWork,
  size: number | null,
  stop: (what: string) => Promise<void>,
): Promise<CaptureReport> {
  const { source, name, sourceName } = work;
  // the next round names it and stops
  if (size === null)
    return { changeLogBytes: 0, walBytes: 0, warnings: [`The change log of source ${sourceName} is gone.`] };
  const limit = work.run.compiled.plan.settings.capture.maxChangeLogBytes;
  const warnings: string[] = [];
  let changeLogBytes = size;
  if (size >= limit / 2) {
    // a table that was purged keeps its size and takes new changes into the space that vacuum found
    await vacuumChanges(source, name);
    changeLogBytes = Math.min((await changeTableBytes(source, name)) ?? 0, await liveChangeBytes(source, name));
    if (changeLogBytes >= limit) {
      const what = `The change log of source ${sourceName} reached its limit of ${megabytes(limit)}`;
      await stop(what);
      throw fail('RP5309', what, { where: { object: sourceName } });
    }
    if (changeLogBytes >= limit / 2) {
      warnings.push(
        `The change log of source ${sourceName} takes ${megabytes(changeLogBytes)} of ${megabytes(limit)}: rounds follow too slowly. ` +
          `At the limit the triggers are dropped; speed up the rounds (settings.delta) or raise settings.capture.max_change_log.`,
      );
    }
    for (const holder of await oldSnapshots(source)) {
      warnings.push(
        `On source ${sourceName} ${holder} keeps changes from being cleaned up: its transaction is older than an hour. End it.`,
      );
    }
  }
  return { changeLogBytes, walBytes: 0, warnings };
}

/** The application and its disk come first: no more changes from here on. The reason stays in the source: whoever follows stops by it. */
async function silence(work: LoneWork, what: string): Promise<void> {
  await noteOnTable(work.source, changeTable(work.name), stopNote(`${what}; its triggers were dropped.`));
  await muteTriggers(work.source, work.name);
  await dropTriggers(work.source, work.name, budgetOf(work));
  await emptyChangeTable(work.source, work.name, budgetOf(work));
}

/** As silence, and the apply leases learn why before the first lock is waited for. */
async function giveUp(work: SourceWork, what: string): Promise<void> {
  await muteTriggers(work.source, work.name);
  await inTransaction(work.target, 'read write', async () => {
    for (const lease of ['delta', 'intake'] as const) {
      // closed is for good
      if ((await lockApplyLease(work.target, work.run.run, lease))?.state !== 'open') continue;
      await setApplyLeaseState(work.target, work.run.run, lease, 'stopped', `${what}; its triggers were dropped.`);
    }
  });
  await silence(work, what);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

async function repair(work: SourceWork, cursor: Cursor): Promise<Repaired> {
  const problems = await triggerCapture.preflight(work);
  if (problems.length > 0) throw new RowproofError(problems);
  const before = fingerprintOf(cursor.capture);
  const all = work.relations.map(({ id }) => id);
  const broken = async (): Promise<readonly CaptureStop[]> =>
    before === null ? [] : (await compareFingerprint(work, work.name, before, [])).stop;
  const found = await broken();
  await create(work);
  const repaired = await inTransaction(work.source, 'repeatable read read only', async (): Promise<Repaired> => {
    const snapshot = await currentSnapshot(work.source);
    // once more: what broke while this went on counts as well
    const stops = [...found, ...(await broken())];
    const reread = [...new Set(stops.flatMap(({ relations }) => relations))];
    const purged = await purgedBeyond(work.source, work.name, cursor.snapshot);
    const anew = before === null || purged || stops.some(({ code }) => code === 'server' || code === 'change_table');
    return {
      facts: await factsNow(work),
      snapshot: anew ? snapshot : null,
      restartLsn: null,
      reread: anew || reread.length === 0 ? all : reread,
    };
  });
  await noteOnTable(work.source, changeTable(work.name), null);
  // until the ledger knows the new cursor, the old one stops by name
  if (repaired.snapshot !== null) await restartPurge(work.source, work.name, repaired.snapshot);
  return repaired;
}

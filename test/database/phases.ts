import { createCopyActivities } from '../../activities/copy';
import { createValidationActivities } from '../../activities/proof';
import type { Verdict } from '../../src/contract/activity-types';
import type { RunRef } from '../../src/contract/run';
import type { Databases } from '../../src/postgres/databases';
import type { TestDatabase } from '../support/postgres/postgres';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createFinishActivities } from '../../activities/finish';
import { createPrepareActivities } from '../../activities/prepare';
import { createRollbackActivities } from '../../activities/rollback';

/** The phases of a run against a source that stands still, each by its activities in the order of the workflow. */
export interface Phases {
  /** Findings by id with their rows. */
  discover(): Promise<Record<string, number>>;
  prepare(): Promise<void>;
  copy(): Promise<void>;
  /** The first half of `finish`: settles, and puts back what was set aside. */
  settle(): Promise<void>;
  finish(): Promise<void>;
  prove(): Promise<Verdict>;
  /** Everything up to the verdict. */
  complete(): Promise<Verdict>;
  rollBack(): Promise<{ equal: boolean; differences: readonly string[] }>;
}

export function phasesOf(run: {
  readonly ref: RunRef;
  readonly target: TestDatabase;
  readonly databases: Databases;
}): Phases {
  const { ref, target, databases } = run;
  const host = { databases, signal: () => undefined, heartbeat: () => undefined };
  const discovery = createDiscoveryActivities(host);
  const copying = createCopyActivities(host);
  const finishing = createFinishActivities(host);
  const validation = createValidationActivities({ ...host, plansFolder: null });
  const undoing = createRollbackActivities(host);
  let names: readonly string[] | null = null;
  const mappings = async (): Promise<readonly string[]> => {
    if (names !== null) return names;
    const session = await databases.ledger(ref, 'test');
    try {
      names = (await databases.run(ref, session)).compiled.mappings.map(({ name }) => name);
      return names;
    } finally {
      await session.close();
    }
  };
  const phases: Phases = {
    discover: async () => {
      await discovery.recordCatalogs(ref);
      for (const name of await mappings()) await discovery.profileMapping({ ref, mapping: name });
      await discovery.tryTargetRules(ref);
      const findings = await target.query<{ id: string; rows: string }>(
        'select id, rows::text from rowproof.finding order by id',
      );
      return Object.fromEntries(findings.map(({ id, rows }) => [id, Number(rows)]));
    },
    prepare: async () => {
      await createDiscoveryActivities(host).fingerprintTarget({ ref, moment: 'before' });
      await createPrepareActivities(host).prepareTarget(ref);
    },
    copy: async () => {
      for (const name of await mappings()) {
        await copying.planBatches({ ref, mapping: name });
        const { ordinals } = await copying.pendingBatches({ ref, mapping: name, limit: 10_000 });
        for (const ordinal of ordinals) await copying.copyBatch({ ref, mapping: name, ordinal });
      }
    },
    settle: async () => {
      await finishing.settle(ref);
      await finishing.rebuildIndexes(ref);
      await finishing.rebuildForeignKeys(ref);
      await finishing.restoreTriggers(ref);
    },
    finish: async () => {
      await phases.settle();
      await finishing.advanceSequences(ref);
      await finishing.analyzeAndRefresh({ ref });
      await finishing.writeIdMap(ref);
    },
    prove: async () => {
      for (const name of await mappings()) await validation.proveMapping({ ref, mapping: name });
      await validation.proveReferences(ref);
      await validation.checkRules(ref);
      await validation.runSpotChecks(ref);
      return validation.reconcile(ref);
    },
    complete: async () => {
      await phases.discover();
      await phases.prepare();
      await phases.copy();
      await phases.finish();
      return phases.prove();
    },
    rollBack: async () => {
      await undoing.revokeLeases(ref);
      for (const step of await undoing.openSteps(ref)) await undoing.compensate({ ref, ordinal: step.ordinal });
      return undoing.proveRollback(ref);
    },
  };
  return phases;
}

import type { Databases } from '../../src/postgres/databases';
import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { hostile, loadRows, mappings } from './rollback-fixture';
import { openTestRun, type TestRun } from './settle-fixture';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { createFinishActivities } from '../../activities/finish';
import { createRollbackActivities } from '../../activities/rollback';

class Crash extends Error {}

/** Databases whose sessions die at the commit of that number: just before it is sent, or when its reply should come. */
function dyingAt(databases: Databases, commit: number, when: 'before' | 'after'): Databases {
  let commits = 0;
  return {
    ...databases,
    ledger: async (ref, purpose) => {
      const session = await databases.ledger(ref, purpose);
      const query = session.query.bind(session);
      session.query = async (sql, values) => {
        if (sql !== 'commit' || ++commits !== commit) return query(sql, values);
        if (when === 'after') await query(sql);
        session.destroy();
        throw new Crash('the worker died');
      };
      return session;
    },
  };
}

/** Repeats an activity until it survives: every attempt dies a little later than the last did, before or after a commit. */
async function persevere<T>(run: TestRun, work: (host: { databases: Databases }) => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return await work({
        databases: dyingAt(run.databases, 1 + Math.ceil(attempt / 2), attempt % 2 === 0 ? 'after' : 'before'),
      });
    } catch (error) {
      const cause = (error as { cause?: unknown }).cause;
      if (!(error instanceof Crash) && !(cause instanceof Crash)) throw error;
    }
  }
  throw new Error('never survived');
}

describe('workers that die at every step', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ prefix: 'rollback' });
    await database.query(hostile);
  });
  afterEach(() => database.drop());

  it('prepare, finish and roll back to the target as it was', async () => {
    const run = await openTestRun(database, mappings(false));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await persevere(run, (host) => createPrepareActivities(host).prepareTarget(run.ref));
    await loadRows(database, run);
    await persevere(run, (host) => createFinishActivities(host).settle(run.ref));
    await persevere(run, (host) => createFinishActivities(host).rebuildIndexes(run.ref));
    await persevere(run, (host) => createFinishActivities(host).rebuildForeignKeys(run.ref));
    await persevere(run, (host) => createFinishActivities(host).restoreTriggers(run.ref));
    await persevere(run, (host) => createFinishActivities(host).advanceSequences(run.ref));
    await persevere(run, (host) => createFinishActivities(host).analyzeAndRefresh({ ref: run.ref }));
    const states = await database.query(
      `select distinct kind, state from rowproof.step where kind not in ('rows', 'rows_saved') order by 1, 2`,
    );
    expect(states).toEqual([
      { kind: 'foreign_key', state: 'restored' },
      { kind: 'index', state: 'restored' },
      { kind: 'materialized_view', state: 'restored' },
      { kind: 'sequence', state: 'restored' },
      { kind: 'triggers', state: 'restored' },
    ]);
    await persevere(run, (host) => createRollbackActivities(host).revokeLeases(run.ref));
    for (const step of await createRollbackActivities(run).openSteps(run.ref)) {
      await persevere(run, (host) =>
        createRollbackActivities(host).compensate({ ref: run.ref, ordinal: step.ordinal }),
      );
    }
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  }, 120_000);

  it('prepare half of it and roll back to the target as it was', async () => {
    const run = await openTestRun(database, mappings(false));
    const { digest } = await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    for (const commits of [9, 14]) {
      await createPrepareActivities({ databases: dyingAt(run.databases, commits, 'before') })
        .prepareTarget(run.ref)
        .catch(() => undefined);
    }
    expect((await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'after' })).digest).not.toBe(
      digest,
    );
    const activities = createRollbackActivities(run);
    await activities.revokeLeases(run.ref);
    for (const step of await activities.openSteps(run.ref))
      await activities.compensate({ ref: run.ref, ordinal: step.ordinal });
    expect(await activities.proveRollback(run.ref)).toEqual({ equal: true, differences: [], notes: [] });
  }, 60_000);
});

import { createDatabase, type TestDatabase } from '../support/postgres/postgres';
import { finish, hostile, loadRows, mappings, rollBack } from './rollback-fixture';
import { openTestRun } from './settle-fixture';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { createRollbackActivities } from '../../activities/rollback';

describe.each([true, false])('rolling a run back, with target keys that are injective: %s', (injective) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createDatabase({ prefix: 'rollback' });
    await database.query(hostile);
  });
  afterEach(() => database.drop());

  it('leaves a target that was prepared and loaded exactly as it was', async () => {
    const run = await openTestRun(database, mappings(injective));
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    const { steps } = await createPrepareActivities(run).prepareTarget(run.ref);
    expect(steps).toBeGreaterThan(15);
    expect(await createPrepareActivities(run).prepareTarget(run.ref)).toEqual({ steps });
    await loadRows(database, run);
    expect(await rollBack(run)).toEqual({ equal: true, differences: [], notes: [] });
    expect(await database.query('select count(*)::int as n from "Neu.Schema".old')).toEqual([{ n: 43 }]);
  });

  it('leaves a target whose run had put everything back already exactly as it was', async () => {
    const run = await openTestRun(database, mappings(injective));
    const { digest } = await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await loadRows(database, run);
    await finish(run);
    const invalid = await database.query(`select indexrelid::regclass::text from pg_index where not indisvalid
      union all select conname from pg_constraint where not convalidated and conname <> 'zeigt auf'`);
    expect(invalid).toEqual([]);
    expect(await database.query('select count from "Neu.Schema".counted')).toEqual([{ count: '100' }]);
    expect(await database.query(`select last_value from "Neu.Schema".order_id_seq`)).toEqual([{ last_value: '112' }]);
    await finish(run);
    await rollBack(run);
    // taking it again does not move what is kept from before
    expect(await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' })).toEqual({
      digest,
    });
    expect(await createRollbackActivities(run).proveRollback(run.ref)).toEqual({
      equal: true,
      differences: [],
      notes: [],
    });
  });
});

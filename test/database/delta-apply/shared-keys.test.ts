import { createDatabase } from '../../support/postgres/postgres';
import { mappingOf, openTestRun } from '../settle-fixture';
import { apply, deferredRows, incomingOf, openSides } from './apply-fixture';
import { createPrepareActivities } from '../../../activities/prepare';

describe('rounds before settle, where source rows may share a target key', () => {
  it('never take the row of another source key for the one that changed', async () => {
    const database = await createDatabase({ prefix: 'shared' });
    await database.query(`create schema src; create schema dst;
      create table src.t (k int primary key, id int, v text); create table dst.t (id int primary key, k int, v text);
      insert into src.t values (1, 5, 'one'), (2, 5, 'two'), (3, 6, 'three'), (10, 5, 'ten')`);
    const mapping = {
      ...mappingOf({
        name: 't',
        target: { schema: 'dst', name: 't' },
        from: { schema: 'src', name: 't' },
        targetKey: ['id'],
        columns: ['id', 'k', 'v'],
      }),
      targetKeyInjective: false,
    };
    const run = await openTestRun(database, [mapping]);
    await createPrepareActivities(run).prepareTarget(run.ref);
    await database.query(`insert into dst.t select id, k, v from src.t;
      insert into rowproof.provenance select '${run.ref.run}', 't', jsonb_build_array(k::text)::text, jsonb_build_array(id::text)::text from src.t;
      update src.t set v = 'changed' where k = 2`);
    const sides = await openSides(run);
    try {
      await apply(sides, 1, [incomingOf(mapping, [2], [{ k: 2, id: 5, v: 'changed', outcome: 'ok' }])], {
        rulesOn: false,
      });
      expect(await database.query('select k, v from dst.t order by k')).toEqual([
        { k: 1, v: 'one' },
        { k: 3, v: 'three' },
      ]);
      expect((await deferredRows(database.query, run, 't')).map((row) => [row['k'], row['v']])).toEqual([
        [10, 'ten'],
        [2, 'changed'],
      ]);
      await database.query('delete from src.t where k = 1');
      await apply(sides, 2, [incomingOf(mapping, [1], [])], { rulesOn: false });
      expect(await database.query('select k from dst.t order by k')).toEqual([{ k: 2 }, { k: 3 }]);
    } finally {
      await sides.close();
      await database.drop();
    }
  });
});

import { cutoverSteps } from '../../src/engine/cutover/steps';
import { createTableSql } from '../../src/delta/apply-sql';
import { createCarefulTables } from '../../src/postgres/queries/copy/careful';
import { saveRows } from '../../src/postgres/queries/rollback/rows';
import { sessionOn } from '../support/postgres/session';
import { accounts, openCutoverRun, sides, type CutoverRun } from './cutover/cutover-fixture';
import { finishRun } from '../../src/engine/rollback/roll-back';

/** Tables of schema rowproof of which a publication of everything would refuse updates and deletes. */
const withoutIdentity = `select c.oid::regclass::text as name from pg_class c
  where c.relnamespace = 'rowproof'::regnamespace and c.relkind in ('r', 'p') and c.relpersistence = 'p'
    and not (c.relreplident = 'f' or (c.relreplident = 'd' and exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)))`;

const everything = 'create publication others for all tables;';
const two = {
  source: `${accounts.source} ${everything}`,
  target: `${accounts.target} alter table accounts add unique (owner); ${everything}`,
};

describe.each(['triggers', 'logical'] as const)('with publications of all tables on both sides, %s', (capture) => {
  let run: CutoverRun;
  beforeEach(async () => {
    run = await openCutoverRun({ capture, ...two });
  });
  afterEach(() => run.drop());

  it('rounds, held rows, cutover and finish go on as without, and every table of ours has a replica identity', async () => {
    await run.source.query(`update accounts set owner = 'o1' where id in (5, 6); delete from parts where id = 9`);
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    expect(await run.target.query(withoutIdentity)).toEqual([]);
    if (capture === 'triggers') expect(await run.source.query(withoutIdentity)).toEqual([]);
    await run.source.query(`update accounts set owner = 'o' || id`);
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    const { source, target } = await sides(run);
    expect(target).toEqual(source);
    expect(await run.rollBack()).toMatchObject({ equal: true });
    await run.target.query(`update rowproof.run set outcome = 'rolled_back'`);
    expect(await finishRun(run, run.ref)).toMatchObject({ removed: true });
  });

  it('tables that live for one transaction or keep rows have one too', async () => {
    const session = await sessionOn(run.target.url);
    await session.query('begin');
    await session.query(createTableSql('rowproof.scratch', 'one int', 'dropped'));
    await session.query('insert into rowproof.scratch values (1); delete from rowproof.scratch');
    await saveRows(session, { schema: 'public', name: 'parts' }, { schema: 'rowproof', name: 'saved' });
    await createCarefulTables(session, 2);
    expect((await session.query(withoutIdentity)).rows).toEqual([]);
    await session.query('rollback');
    await session.close();
  });
});

import type { TestDatabase } from '../../support/postgres/postgres';
import { createWriteBlock, writableTree } from '../../../src/postgres/queries/cutover/freeze-trigger';
import { freezeBlock } from '../../../src/cutover/write-block-sql';
import { writeBlockName } from '../../../src/engine/run/relations';
import { accounts, Clients, openCutoverRun, sqlstateOf, type CutoverRun } from './cutover-fixture';

const go = { drill: false, by: 'ben' };

describe('two sources', () => {
  let run: CutoverRun;
  let second: TestDatabase;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({
      second: `create table place (id int primary key, name text); insert into place values (1, 'a')`,
      target: `${accounts.target} create table place (id int primary key, name text);`,
      mappings: [
        ...accounts.mappings,
        { name: 'place', source: 'second', columns: [{ target: 'id' }, { target: 'name' }] },
      ],
      cutover: { lockBudgetMs: 800 },
    });
    second = run.second as TestDatabase;
  });
  afterEach(async () => {
    await clients.end();
    await run.drop();
  });

  const both = async (): Promise<string[]> => [
    await sqlstateOf(run.source.query('delete from accounts where false')),
    await sqlstateOf(second.query('delete from place where false')),
  ];

  it('are frozen together', async () => {
    await second.query(`insert into place values (2, 'b')`);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    expect(await both()).toEqual(['25006', '25006']);
    expect(await run.target.query('select id from place order by id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('stay free together while one of them cannot be locked', async () => {
    const holder = await clients.open(second.url, 'night job');
    await holder.query(`begin; update place set name = 'x'`);
    const result = await run.cutover.cutOver({ ref: run.ref, ...go });
    expect(result.outcome).toBe('lock');
    expect(result.sentence).toContain('second: pid');
    await holder.query('rollback');
    expect(await both()).toEqual(['done', 'done']);
  });

  it('are freed and frozen anew where an attempt died after it had frozen one', async () => {
    const loaded = await run.databases.run(run.ref);
    const session = await run.databases.source(loaded.compiled, 'legacy', 'test');
    const relations = await writableTree(session, [
      { schema: 'public', name: 'accounts' },
      { schema: 'public', name: 'parts' },
    ]);
    await session.query('begin');
    await createWriteBlock(session, freezeBlock(writeBlockName(loaded, 'freeze'), run.ref.run), relations);
    await session.query('commit');
    await session.close();
    expect(await both()).toEqual(['25006', 'done']);
    expect(await run.cutover.cutOver({ ref: run.ref, drill: true, by: 'ben' })).toMatchObject({ outcome: 'drilled' });
    expect(await both()).toEqual(['done', 'done']);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    expect(await both()).toEqual(['25006', '25006']);
  });
});

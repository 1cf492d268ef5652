import { openFollowedRun, type FollowedRun } from '../delta/followed-run';

describe('a backlog that is applied in slices smaller than one transaction of the source', () => {
  let run: FollowedRun;

  beforeAll(async () => {
    run = await openFollowedRun({
      source: `create table parent (id int primary key, name text);
        create table child (id int primary key, parent int);
        insert into parent select g, 'p' || g from generate_series(1, 60) g;
        insert into child select g, g from generate_series(1, 60) g`,
      target: `create table parent (id int primary key, name text);
        create table child (id int primary key, parent int references parent)`,
      mappings: [
        { name: 'parent', columns: [{ target: 'id' }, { target: 'name' }] },
        { name: 'child', columns: [{ target: 'id' }, { target: 'parent' }] },
      ],
    });
    await run.catchUp();
    await run.target.query('update rowproof.apply_lease set rules_on = true');
  });
  afterAll(() => run.drop());

  const equal = async (): Promise<void> => {
    for (const table of ['parent', 'child']) {
      const sql = `select * from ${table} order by id`;
      expect(await run.target.query(sql)).toEqual(await run.source.query(sql));
    }
    expect(await run.target.query('select 1 from rowproof.quarantine')).toEqual([]);
    expect(await run.target.query('select 1 from rowproof.pending')).toEqual([]);
  };

  it('takes parents whose children went with them, whichever comes first', async () => {
    await run.source.query('begin; delete from child where id <= 40; delete from parent where id <= 40; commit');
    await run.catchUp(5);
    await equal();
  });

  it('takes parents whose children moved to others that are new', async () => {
    await run.source.query(`begin; insert into parent select g, 'n' || g from generate_series(101, 120) g;
      update child set parent = parent + 60 where id > 40; delete from parent where id between 41 and 60; commit`);
    await run.catchUp(3);
    await equal();
  });

  it('takes children and parents that were numbered anew', async () => {
    await run.source.query(`begin; update child set id = id + 1000, parent = parent + 1000;
      update parent set id = id + 1000; commit`);
    await run.catchUp(3);
    await equal();
  });
});

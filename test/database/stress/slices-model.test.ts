import { openFollowedRun, type FollowedRun } from '../delta/followed-run';
import { chanceFrom } from '../../stress/chance';

const transactions = Number(process.env['ROWPROOF_SLICES_TRANSACTIONS'] ?? 12);
const seed = Number(process.env['ROWPROOF_SLICES_SEED'] ?? 7);

describe('random transactions that arrive in slices of a few keys', () => {
  let run: FollowedRun;

  // tag: provenance; leaf: text that may not be a number, and out of the filter
  beforeAll(async () => {
    run = await openFollowedRun({
      source: `create table parent (id int primary key, name text);
        create table child (id int primary key, parent int, code text unique deferrable);
        create table leaf (id int primary key, child int, n text);
        create table tag (id int primary key, code text unique deferrable, parent int);
        insert into parent select g, 'p' || g from generate_series(1, 12) g;
        insert into child select g, g, 'c' || g from generate_series(1, 12) g;
        insert into leaf select g, g, g::text from generate_series(1, 12) g;
        insert into tag select g, 't' || g, g from generate_series(1, 12) g`,
      target: `create table parent (id int primary key, name text);
        create table child (id int primary key, parent int references parent on delete cascade, code text unique);
        create table leaf (id int primary key, child int references child on delete restrict, n int);
        create table tag (code text primary key, parent int references parent)`,
      mappings: [
        { name: 'parent', columns: [{ target: 'id' }, { target: 'name' }] },
        { name: 'child', columns: [{ target: 'id' }, { target: 'parent' }, { target: 'code' }] },
        { name: 'leaf', columns: [{ target: 'id' }, { target: 'child' }, { target: 'n', sql: 'n::int' }] },
        { name: 'tag', columns: [{ target: 'code' }, { target: 'parent' }] },
      ],
      decisions: [{ finding: '*', do: 'quarantine', expect: null, because: 'known', by: 'ana' }],
    });
    await run.catchUp();
    await run.target.query('update rowproof.apply_lease set rules_on = true');
  });
  afterAll(() => run.drop());

  it('end in what a whole round would make of them', async () => {
    const chance = chanceFrom(seed);
    const id = (): number => chance.int(1, 16);
    const statements: readonly (() => string)[] = [
      () => `delete from parent where id = ${id()}`,
      () => `delete from parent where id between ${id()} and ${id()}`,
      () => `insert into parent values (${id()}, 'new')`,
      () => `update parent set name = 'n' || ${id()} where id = ${id()}`,
      () => `update parent set id = ${id()} + 16 where id = ${id()} and not exists (select from parent where id > 16)`,
      () => `update parent set id = ${id()} where id > 16 and not exists (select from parent p where p.id = 1)`,
      () => `delete from child where id = ${id()}`,
      () => `delete from child where id between ${id()} and ${id()}`,
      () => `insert into child values (${id()}, ${id()}, 'x' || ${id()})`,
      () => `update child set parent = ${id()} where id between ${id()} and ${id()}`,
      () => `update child set code = (select code from child where id = 17 - child.id) where id between 1 and 16
        and exists (select from child c where c.id = 17 - child.id)`,
      () => `delete from leaf where id between ${id()} and ${id()}`,
      () => `insert into leaf values (${id()}, ${id()}, ${id()})`,
      () => `update leaf set child = ${id()}, n = '1' where id = ${id()}`,
      () => `update leaf set n = 'bad' where id = ${id()}`,
      () => `delete from tag where id = ${id()}`,
      () => `insert into tag values (${id()}, 't' || ${id()}, ${id()})`,
      () => `update tag set parent = ${id()} where id between ${id()} and ${id()}`,
      () => `update tag set code = (select code from tag t where t.id = 17 - tag.id) where id between 1 and 16
        and exists (select from tag t where t.id = 17 - tag.id)`,
    ];
    for (let at = 0; at < transactions; at += 1) {
      const chosen = Array.from({ length: 1 + id() }, () => attempted(chance.pick(statements)()));
      await run.source.query(`begin; ${chosen.join('; ')}; commit`);
      await run.catchUp(chance.int(1, 5));
      await valid();
    }
  });

  /** What repeats a value does not happen. */
  const attempted = (statement: string): string =>
    `do $do$ begin ${statement}; exception when unique_violation then null; end $do$`;

  const valid = async (): Promise<void> => {
    // rows without a fault of their own, and of these what the foreign keys leave; no unique value repeats in the source
    const child =
      'select c.id, c.parent, c.code from child c where parent is null or parent in (select id from parent)';
    const leaf = `select id, child, n::int as n from leaf where n <> 'bad' and child in (select id from (${child}) c)`;
    const expected = {
      parent: 'select id, name from parent',
      child,
      leaf,
      tag: 'select code, parent from tag where parent in (select id from parent)',
    };
    for (const [table, sql] of Object.entries(expected)) {
      const [columns = ''] = /(?<=select ).*?(?= from)/.exec(sql) ?? [];
      const names = columns.replaceAll('c.', '').replace('n::int as n', 'n');
      expect([table, await run.target.query(`select ${names} from ${table} order by 1`)]).toEqual([
        table,
        await run.source.query(`select ${names} from (${sql}) s order by 1`),
      ]);
      const [there] = (await run.source.query(`select count(*)::int as n from ${table}`)) as { n: number }[];
      const [arrived] = (await run.target.query(
        `select (select count(*) from ${table})::int + (select count(*) from rowproof.quarantine where mapping = '${table}')::int as n`,
      )) as { n: number }[];
      expect([table, arrived?.n]).toEqual([table, there?.n]);
    }
    expect(await run.target.query('select 1 from rowproof.pending')).toEqual([]);
  };
});

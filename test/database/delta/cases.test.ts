import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { quietSettings } from '../../support/postgres/quiet-settings';
import { openCutoverRun, type CutoverRun } from '../cutover/cutover-fixture';

/** People of one source table go to two targets; departments and staff refer to each other, staff to itself. */
const source = `
  create table dept (id int primary key, head int, seats text);
  create table person (id int primary key, kind text, email text, boss int, dept int, bio text);
  alter table person alter bio set storage external;
  insert into dept select g, g, '10' from generate_series(1, 5) g;
  insert into person select g, 'staff', 's' || g, case when g > 5 then g % 5 + 1 end, g % 5 + 1 from generate_series(1, 30) g;
  insert into person select g, 'guest', 'g' || g, g - 30, null from generate_series(31, 60) g;`;
const target = `
  create table dept (id int primary key, head int, seats int not null);
  create table staff (id int primary key, email text unique, boss int references staff, dept int not null references dept, bio text);
  create table guest (id int primary key, email text unique, boss int references staff);
  alter table dept add foreign key (head) references staff;`;
const mappings = [
  {
    name: 'dept',
    columns: [{ target: 'id' }, { target: 'head', ref: 'staff' }, { target: 'seats' }],
  },
  {
    name: 'staff',
    from: { schema: 'public', name: 'person' },
    where: `kind = 'staff'`,
    columns: [
      { target: 'id' },
      { target: 'email' },
      { target: 'boss', ref: 'staff' },
      { target: 'dept', ref: 'dept' },
      { target: 'bio' },
    ],
  },
  {
    name: 'guest',
    from: { schema: 'public', name: 'person' },
    where: `kind = 'guest'`,
    columns: [{ target: 'id' }, { target: 'email' }, { target: 'boss', ref: 'staff' }],
  },
];

/** What the application does, a transaction each; everything is applied after every one of them. */
const cases: Readonly<Record<string, readonly string[]>> = {
  'keys that change, with the rows that refer to them': [
    `update person set id = 1001 where id = 1; update person set boss = 1001 where boss = 1; update dept set head = 1001 where head = 1`,
    `update dept set id = id + 100 where id = 3; update person set dept = 103 where dept = 3`,
  ],
  'a key that changes before its references do': [
    `update person set id = 1002 where id = 2`,
    `update person set boss = 1002 where boss = 2; update dept set head = 1002 where head = 2`,
  ],
  deletes: [`delete from person where id in (31, 45, 60)`],
  'rows that leave and enter a filter': [
    `update person set kind = 'gone' where id in (32, 33)`,
    `update person set kind = 'guest', email = 'back' where id = 32`,
  ],
  'rows that move between two targets': [
    `update person set kind = 'staff', dept = 1, boss = null where id = 34; update person set kind = 'guest', boss = null where id = 30;
     update person set boss = null where boss = 30`,
    `update person set kind = case kind when 'staff' then 'guest' else 'staff' end, dept = 2 where id in (30, 34)`,
  ],
  'two rows that swap a unique value': [
    `update person set email = case id when 10 then 's11' else 's10' end where id in (10, 11)`,
    `update person set email = 'x' where id = 12; update person set email = 's12' where id = 13; update person set email = 's13' where id = 12`,
  ],
  'three rows that rotate one': [
    `update person set email = case id when 20 then 's21' when 21 then 's22' else 's20' end where id in (20, 21, 22)`,
  ],
  'keys that swap': [
    `update person set id = -1 where id = 23; update person set id = 23 where id = 24; update person set id = 24 where id = -1`,
  ],
  'a cycle of foreign keys that comes and goes whole': [
    `insert into dept values (900, 901, '5'); insert into person values (901, 'staff', 'n901', 901, 900)`,
    `update person set boss = 901, dept = 900 where id = 25`,
    `update person set boss = null, dept = 1 where id = 25; delete from person where id = 901; delete from dept where id = 900`,
  ],
  'a chain of self references that is turned around': [
    `update person set boss = null where id = 14; update person set boss = 14 where id = 15; update person set boss = 15 where id = 16`,
    `update person set boss = null where id = 16; update person set boss = 16 where id = 15; update person set boss = 15 where id = 14`,
  ],
  'a parent that becomes unusable, and healthy again': [
    `update dept set seats = 'many' where id = 4`,
    `update person set email = email || ' moved on' where dept = 4 and id < 10`,
    `update dept set seats = '40' where id = 4`,
  ],
  'a child that is there before its parent': [
    `insert into person values (700, 'staff', 'early', null, 77)`,
    `insert into person values (701, 'guest', 'earlier', 700, null)`,
    `insert into dept values (77, null, '7')`,
  ],
  savepoints: [
    `begin; update person set email = 'kept' where id = 17; savepoint s; delete from person where id = 18; rollback to s;
     savepoint t; update person set email = 'kept too' where id = 18; release t; commit`,
    `begin; delete from person where kind = 'guest'; rollback`,
  ],
  'a prepared transaction, which others overtake': [
    `begin; update person set email = 'prepared' where id = 19; prepare transaction 'NAME'`,
    `update person set email = 'now' where id = 20`,
    `commit prepared 'NAME'`,
  ],
  'a transaction that is far larger than a round': [
    `insert into person select g, 'guest', 'bulk' || g, 5, null from generate_series(10001, 11200) g`,
    `update person set id = id + 10000, email = email || '!' where id > 10000; delete from person where id % 3 = 0 and id > 10000`,
  ],
  'TRUNCATE, and what comes after it in the same transaction': [
    `begin; truncate person; insert into person select g, 'staff', 't' || g, null, 1 from generate_series(1, 5) g;
     update dept set head = null where head > 5; commit`,
    `truncate person, dept`,
    `insert into dept values (1, 1, '1'); insert into person values (1, 'staff', 'last', 1, 1)`,
  ],
};

interface Row extends Record<string, unknown> {
  readonly id: number;
}
interface Sides {
  readonly dept: readonly Row[];
  readonly staff: readonly Row[];
  readonly guest: readonly Row[];
}

/** What the target must hold: rows that stand, and whose parents stand, to a fixpoint; by code of this test alone. */
async function expected(run: CutoverRun): Promise<Sides> {
  let dept = await run.source.query<Row>(`select id, head, seats::int from dept where seats ~ '^[0-9]+$' order by id`);
  let staff = await run.source.query<Row>(
    `select id, email, boss, dept, bio from person where kind = 'staff' order by id`,
  );
  let guest = await run.source.query<Row>(`select id, email, boss from person where kind = 'guest' order by id`);
  for (;;) {
    const before = dept.length + staff.length + guest.length;
    const has = (rows: readonly Row[], id: unknown): boolean => rows.some((row) => row.id === id);
    dept = dept.filter(({ head }) => head === null || has(staff, head));
    staff = staff.filter((row) => (row['boss'] === null || has(staff, row['boss'])) && has(dept, row['dept']));
    guest = guest.filter(({ boss }) => boss === null || has(staff, boss));
    if (dept.length + staff.length + guest.length === before) return { dept, staff, guest };
  }
}

async function actual(run: CutoverRun): Promise<Sides> {
  return {
    dept: await run.target.query<Row>('select id, head, seats from dept order by id'),
    staff: await run.target.query<Row>('select id, email, boss, dept, bio from staff order by id'),
    guest: await run.target.query<Row>('select id, email, boss from guest order by id'),
  };
}

describe.each(['triggers', 'logical'] as const)('following with %s', (capture) => {
  let run: CutoverRun;
  beforeAll(async () => {
    const delta = { ...quietSettings.delta, pauseMs: 10, roundKeys: 250 };
    run = await openCutoverRun({
      capture,
      source,
      target,
      mappings,
      settings: { pattern: 'hybrid', delta, cutover: { ...quietSettings.cutover, maxFreezeMs: 30_000 } },
    });
  });
  afterAll(async () => {
    if (run === undefined) return;
    await run.rollBack();
    await run.drop();
  });

  afterEach(async () => {
    // of a case that failed half-way: later ones would wait for it
    for (const { gid } of await run.source.query<{ gid: string }>(
      'select gid from pg_prepared_xacts where database = current_database()',
    ))
      await run.source.query(`rollback prepared '${gid}'`);
  });

  it('brings a row of which a large value, stored out of line, did not change', async () => {
    const toast = `select pg_relation_size(reltoastrelid)::int as bytes from pg_class where oid = 'person'::regclass`;
    for (const sql of [
      `update person set bio = (select string_agg(md5(g::text), '') from generate_series(1, 1000) g) where id = 26`,
      // the new row in the log has no bio, and the replica identity neither
      `update person set email = 'beside a long value' where id = 26`,
      `update person set id = 1026 where id = 26`,
    ]) {
      await run.source.query(sql);
      const [before] = await run.source.query<{ bytes: number }>(toast);
      expect(before?.bytes).toBeGreaterThan(32_000);
      await cutoverSteps.drain(run.host, run.ref, () => undefined);
      expect(await actual(run)).toEqual(await expected(run));
    }
    const [row] = await run.target.query(
      'select id, email, length(bio) as length, md5(bio) as digest from staff where id = 1026',
    );
    const [bio] = await run.source.query('select md5(bio) as digest from person where id = 1026');
    expect(row).toEqual({ id: 1026, email: 'beside a long value', length: 32_000, ...bio });
  });

  it.each(Object.entries(cases))('brings %s', async (_, transactions) => {
    for (const sql of transactions) {
      const named = sql.replaceAll('NAME', run.source.name);
      // one message is one transaction, unless it says otherwise
      await run.source.query(named);
      await cutoverSteps.drain(run.host, run.ref, () => undefined);
      expect({ sql, ...(await actual(run)) }).toEqual({ sql, ...(await expected(run)) });
    }
  });

  it('and nothing is left in quarantine or held once everything is healthy', async () => {
    const left =
      'select (select count(*)::int from rowproof.quarantine) q, (select count(*)::int from rowproof.pending) p';
    expect(await run.target.query(left)).toEqual([{ q: 0, p: 0 }]);
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    expect(await actual(run)).toEqual(await expected(run));
  });
});

import { openCopyRun, type CopyRun } from './copy/copy-run';
import { createFinishActivities } from '../../activities/finish';
import { createDiscoveryActivities } from '../../activities/discovery';
import { createPrepareActivities } from '../../activities/prepare';
import { createRollbackActivities } from '../../activities/rollback';

const source = `
create table customer (no int primary key, mail text, boss int, gone boolean not null default false);
create table "Order" (no numeric primary key, cust text, ref int);
create table line (o int, n int, item text, primary key (o, n));
insert into customer select g, 'M' || g || '@x', case when g > 1 then g - 1 end, g % 10 = 0 from generate_series(1, 100) g;
-- the same address again, and one that is too long
update customer set mail = 'm3@X ' where no in (31, 33);
update customer set mail = repeat('y', 90) where no = 55;
-- the chain of bosses would take most of the table along
update customer set boss = null where no % 10 in (1, 2, 4, 6);
insert into "Order" select g, case when g % 50 = 0 then '999' else (g % 100 + 1)::text end, g from generate_series(1, 300) g;
update "Order" set cust = 'nobody' where no = 7;
insert into line select g, n, 'i' from generate_series(1, 310) g, generate_series(1, 2) n;
`;
const target = `
create table customer (id uuid primary key, legacy_no int not null unique, email varchar(80), boss uuid references customer (id));
create unique index "one ""mail""" on customer (lower(email));
create table "order" (id numeric(12, 2) primary key, customer uuid not null references customer (id), ref int references customer (legacy_no));
create table line (order_id bigint references "order" (id), n int, item text, primary key (order_id, n));
`;

const decisions = ['line.order_id.orphan', 'order.*'].map((finding) => ({
  finding,
  do: 'quarantine' as const,
  expect: null,
  because: 'known',
  by: 'ana',
}));

function openRun(options?: { sample: number }): Promise<CopyRun> {
  const lower = [
    { name: 'trim', args: null },
    { name: 'lower', args: null },
  ];
  return openCopyRun({
    source,
    target,
    decisions,
    ...(options === undefined ? {} : { options }),
    mappings: [
      {
        name: 'customer',
        where: 'not gone',
        id: { kind: 'uuid_from', from: ['no'], column: 'id' },
        columns: [
          { target: 'legacy_no', from: ['no'] },
          { target: 'email', from: ['mail'], steps: lower },
          { target: 'boss', from: ['boss'], ref: 'customer' },
        ],
      },
      {
        name: 'order',
        from: { schema: 'public', name: 'Order' },
        id: { kind: 'offset', from: ['no'], by: '1000', column: 'id' },
        columns: [
          { target: 'customer', from: ['cust'], ref: 'customer', parentOutOfScope: 'quarantine' },
          { target: 'ref', from: ['ref'] },
        ],
      },
      {
        name: 'line',
        columns: [{ target: 'order_id', from: ['o'], ref: 'order' }, { target: 'n' }, { target: 'item' }],
      },
    ],
  });
}

interface Count extends Record<string, unknown> {
  mapping: string;
  reason: string;
  class: string;
  n: number;
}

describe('a migration settled and finished', () => {
  let run: CopyRun;
  afterEach(async () => {
    await run.drop();
  });

  const counts = () =>
    run.target.query<Count>(
      `select mapping, reason, class, count(*)::int as n from rowproof.quarantine group by 1, 2, 3 order by 1, 2, 3`,
    );

  async function migrate(): Promise<void> {
    await createDiscoveryActivities(run).fingerprintTarget({ ref: run.ref, moment: 'before' });
    await createPrepareActivities(run).prepareTarget(run.ref);
    await run.copyAll();
    const finish = createFinishActivities(run);
    await finish.settle(run.ref);
    await finish.rebuildIndexes(run.ref);
    await finish.rebuildForeignKeys(run.ref);
    await finish.restoreTriggers(run.ref);
    await finish.advanceSequences(run.ref);
    await finish.analyzeAndRefresh({ ref: run.ref });
  }

  async function booksBalance(sampled = false): Promise<void> {
    for (const [name, from, into] of [
      ['customer', 'customer', 'customer'],
      ['order', '"Order"', '"order"'],
      ['line', 'line', 'line'],
    ] as const) {
      const [reconciliation] = await run.target.query<{ migrated: number; away: number }>(
        `select sum(migrated)::int as migrated, sum(quarantined + out_of_scope)::int as away from
         (select migrated, quarantined, out_of_scope from rowproof.batch where mapping = $1
          union all select migrated, quarantined, out_of_scope from rowproof.adjustment where mapping = $1) b`,
        [name],
      );
      const [there] = await run.target.query<{ n: number }>(`select count(*)::int as n from ${into}`);
      const [was] = await run.source.query<{ n: number }>(`select count(*)::int as n from ${from}`);
      const all = (reconciliation?.migrated ?? 0) + (reconciliation?.away ?? 0);
      expect({ name, migrated: there?.n }).toEqual({ name, migrated: reconciliation?.migrated });
      if (sampled) expect(all).toBeLessThan(was?.n ?? 0);
      else expect(all).toBe(was?.n);
    }
  }

  it('follows quarantined and left out parents through every level, and books each row once', async () => {
    run = await openRun();
    await migrate();
    await booksBalance();
    const found = await counts();
    const of = (mapping: string, reason: string) =>
      found.find((row) => row.mapping === mapping && row.reason === reason);
    expect(of('customer', 'too_long')).toMatchObject({ n: 1, class: 'quarantined' });
    // 31 and 33 repeat the address of 3
    expect(of('customer', 'duplicate')).toMatchObject({ n: 2, class: 'quarantined' });
    expect(of('customer', 'orphan')).toBeUndefined();
    expect(of('order', 'bad_reference')).toMatchObject({ n: 1 });
    // 50, 100, …, 300 have no customer at all
    const orphans = await run.target.query(
      `select source_key from rowproof.quarantine where mapping = 'order' and finding = 'order.customer.orphan'`,
    );
    expect(orphans).toHaveLength(6);
    // by either column: the plan says what becomes of each
    const left = found
      .filter((row) => row.mapping === 'order' && row.reason === 'parent_out_of_scope')
      .map((row) => row.class);
    expect(left).toEqual(['out_of_scope', 'quarantined']);
    // only 301 to 310 were never orders
    expect(of('line', 'orphan')).toMatchObject({ n: 20, class: 'quarantined' });
    const followers = await run.target.query<{ n: number }>(
      `select count(*)::int as n from rowproof.quarantine l where mapping = 'line' and reason = 'parent_quarantined'
       and exists (select from rowproof.quarantine o where o.mapping = 'order' and o.source_key = jsonb_build_array(l.source_key::jsonb ->> 0)::text)`,
    );
    expect(followers[0]?.n).toBe(of('line', 'parent_quarantined')?.n);
    const undecided = await createFinishActivities(run).undecidedQuarantine(run.ref);
    expect(undecided.map((one) => one.id).sort()).toEqual(['customer.email.too_long', 'customer.one "mail".unique']);
  });

  it('keeps old and new ids of what is in the target, and goes back to where it began', async () => {
    run = await openRun();
    await migrate();
    const { rows } = await createFinishActivities(run).writeIdMap(run.ref);
    expect(await createFinishActivities(run).writeIdMap(run.ref)).toEqual({ rows });
    const [there] = await run.target.query<{ n: number }>(
      'select ((select count(*) from customer) + (select count(*) from "order"))::int as n',
    );
    expect(rows).toBe(there?.n);
    expect(
      await run.target.query(`select target_key from rowproof.id_map where mapping = 'order' and source_key = '["1"]'`),
    ).toEqual([{ target_key: '["1001.00"]' }]);
    const rollback = createRollbackActivities(run);
    await rollback.revokeLeases(run.ref);
    for (const step of await rollback.openSteps(run.ref))
      await rollback.compensate({ ref: run.ref, ordinal: step.ordinal });
    expect(await rollback.proveRollback(run.ref)).toEqual({ equal: true, differences: [], notes: [] });
  });

  it('takes the children of rows outside a sample out of scope', async () => {
    run = await openRun({ sample: 40 });
    await migrate();
    await booksBalance(true);
    const found = await counts();
    expect(found.find((row) => row.reason === 'parent_out_of_scope' && row.mapping === 'line')).toMatchObject({
      class: 'out_of_scope',
    });
    expect(found.find((row) => row.reason === 'parent_out_of_scope' && row.class === 'quarantined')).toBeUndefined();
  });
});

test('Rows for which the plan’s own SQL raises do not keep settle from finding the source rows of the others', async () => {
  const run = await openCopyRun({
    source: `create table t (id int primary key, v int); insert into t select g, g % 4 from generate_series(0, 11) g`,
    target: 'create table t (id uuid primary key, no int, v int unique)',
    mappings: [
      {
        name: 't',
        id: { kind: 'uuid_from', from: ['id'], column: 'id' },
        columns: [
          { target: 'no', from: ['id'] },
          { target: 'v', from: [], sql: '12 / (v - 1)' },
        ],
      },
    ],
  });
  try {
    await createPrepareActivities(run).prepareTarget(run.ref);
    await run.copyAll();
    await createFinishActivities(run).settle(run.ref);
    expect(await run.target.query('select no, v from t order by no')).toEqual([
      { no: 0, v: -12 },
      { no: 2, v: 12 },
      { no: 3, v: 6 },
    ]);
    expect(
      await run.target.query(
        'select reason, count(*)::int as n, min(source_key) as first from rowproof.quarantine group by 1 order by 1',
      ),
    ).toEqual([
      { reason: expect.any(String), n: 3, first: '["1"]' },
      { reason: 'duplicate', n: 6, first: '["10"]' },
    ]);
  } finally {
    await run.drop();
  }
});

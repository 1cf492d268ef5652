import type { RowproofError } from '../../../src/errors/rowproof-error';
import { ensureLedger, ledgerVersion } from '../../../src/postgres/ledger/run/schema';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const schema = `create table item (id int primary key, v text);
  create table list (id int primary key, v text) partition by range (id);
  create table list_1 partition of list for values from (0) to (10);
  create table list_2 partition of list for values from (10) to (20);`;

async function open(source = schema, settings = {}): Promise<CaptureRun> {
  run = await openCaptureRun({
    source,
    mappings: [mappingOf('item', ['id', 'v']), mappingOf('list', ['id', 'v'])],
    settings,
  });
  return run;
}

const leftovers = `
  select 'trigger ' || tgname as what from pg_trigger where tgname like 'rowproof%'
  union all select 'function ' || proname from pg_proc p join pg_namespace n on n.oid = pronamespace where nspname = 'rowproof'
  union all select 'relation ' || relname from pg_class c join pg_namespace n on n.oid = relnamespace where nspname = 'rowproof'
  union all select 'schema' from pg_namespace where nspname = 'rowproof'`;

describe('installing a capture', () => {
  it('puts triggers that always fire on every table with rows, records the step and the cursor, and opens the leases', async () => {
    const { capture, ref, source, target } = await open();
    expect(await capture.installCapture(ref)).toEqual({ relations: 2 });
    const triggers = await source.query(
      `select tgrelid::regclass::text as t, tgenabled as e, count(*)::int as n from pg_trigger where tgname like 'rowproof%' group by 1, 2 order by 1`,
    );
    expect(triggers).toEqual(['item', 'list_1', 'list_2'].map((t) => ({ t, e: 'A', n: 2 })));
    expect(await target.query(`select kind, subject, state from rowproof.step`)).toEqual([
      { kind: 'capture', subject: 'legacy', state: 'done' },
    ]);
    expect(await target.query('select lease, state from rowproof.apply_lease order by lease')).toHaveLength(2);
  });

  it('again changes nothing and does not move the cursor', async () => {
    const { capture, ref, source, target, round } = await open();
    await capture.installCapture(ref);
    const before = await target.query('select snapshot, capture from rowproof.cursor');
    await source.query(`insert into item values (1, 'a')`);
    await capture.installCapture(ref);
    expect(await target.query('select snapshot, capture from rowproof.cursor')).toEqual(before);
    expect((await round()).capturedChanges).toEqual([{ relation: 1, key: '["1"]' }]);
  });

  it('goes on where an attempt died in the middle', async () => {
    const { capture, ref, source, application, target } = await open();
    const writer = await application();
    await writer.query(`begin; insert into list values (1, 'a')`);
    await expect(capture.installCapture(ref)).rejects.toMatchObject({ code: 'RP5308' });
    expect(await target.query('select from rowproof.cursor')).toEqual([]);
    expect(await source.query(`select from pg_trigger where tgname like 'rowproof%'`)).toHaveLength(2);
    await writer.query('commit');
    await capture.installCapture(ref);
    expect(await source.query(`select from pg_trigger where tgname like 'rowproof%'`)).toHaveLength(6);
  });

  it('names who holds a table when the budget is spent, a prepared transaction too', async () => {
    const { capture, ref, application, source } = await open();
    const writer = await application();
    const gid = `deferred_${source.name}`;
    await source.query(`begin; insert into item values (2, 'b'); prepare transaction '${gid}'`);
    await writer.query(`begin; insert into item values (1, 'a')`);
    try {
      await expect(capture.installCapture(ref)).rejects.toThrow(
        new RegExp(`"public"."item".*a prepared transaction of user \\w+.*shop \\(pid \\d+\\)`),
      );
    } finally {
      await source.query(`rollback prepared '${gid}'`);
    }
  });

  it('behind a long writer lets others write: it waits with a lock timeout and goes away in between', async () => {
    const { capture, ref, application, source } = await open(schema, { lockTimeoutMs: 50, lockBudgetMs: 60_000 });
    const writer = await application();
    const other = await application();
    await writer.query(`begin; insert into item values (1, 'a')`);
    const installing = capture.installCapture(ref);
    let waited = 0;
    // until it was seen to wait for the lock, others write again and again
    while (waited < 3) {
      await other.query('insert into item select coalesce(max(id), 1) + 1, null from item');
      const rows = await source.query(
        `select from pg_locks where relation = 'item'::regclass and not granted and mode = 'ShareRowExclusiveLock'`,
      );
      waited += rows.length;
    }
    await writer.query('commit');
    expect(await installing).toEqual({ relations: 2 });
  });

  it('is refused with every problem at once', async () => {
    const { capture, ref, source } = await open();
    await source.query(
      `alter table item drop column v; alter table list rename to other; create view list as select id, v from other`,
    );
    const error = await capture.installCapture(ref).catch((caught: unknown) => caught);
    expect((error as RowproofError).problems.map(({ code, what }) => [code, what])).toEqual([
      ['RP5305', '"public"."item" no longer has column v'],
      ['RP5303', '"public"."list" is a view'],
    ]);
    expect(await source.query(leftovers)).toEqual([]);
  });

  it('is refused by name where the role owns nothing and policies apply to it', async () => {
    const { asRole, ref, source } = await open();
    const role = `poor_${source.name.slice(-10)}`;
    await source.query(
      `create role ${role} login password '${role}'; grant all on all tables in schema public to ${role};
       alter table item enable row level security`,
    );
    try {
      const error = await asRole(role)
        .capture.installCapture(ref)
        .catch((caught: unknown) => caught);
      expect((error as RowproofError).problems.map(({ code }) => code)).toEqual([
        'RP5307',
        'RP5302',
        'RP5304',
        'RP5302',
        'RP5302',
      ]);
    } finally {
      await source.query(`drop owned by ${role}; drop role ${role}`);
    }
  });

  it('is refused once a rollback has begun, and leaves nothing', async () => {
    const { capture, ref, source, target } = await open();
    await target.query(`insert into rowproof.phase (run, phase) values ('${ref.run}', 'rollback')`);
    await expect(capture.installCapture(ref)).rejects.toMatchObject({ code: 'RP5104' });
    expect(await source.query(leftovers)).toEqual([]);
  });

  it('makes no database with a change log look like a broken ledger', async () => {
    const { capture, ref, onSource } = await open();
    await capture.installCapture(ref);
    await onSource(async (session) => {
      expect(await ledgerVersion(session)).toBeNull();
      await ensureLedger(session);
      expect(await ledgerVersion(session)).not.toBeNull();
    });
  });
});

describe('removing a capture', () => {
  it('leaves the source as it was', async () => {
    const { capture, ref, source } = await open();
    await capture.installCapture(ref);
    await source.query(`insert into item values (1, 'a')`);
    await capture.removeCapture(ref);
    expect(await source.query(leftovers)).toEqual([]);
    await source.query(`insert into item values (2, 'a')`);
    await capture.removeCapture(ref);
  });

  it('goes on where half of it stands, and where tables were renamed, detached or dropped', async () => {
    const { capture, ref, source, application } = await open();
    await capture.installCapture(ref);
    await source.query('alter table list detach partition list_1; alter table list_1 rename to old; drop table list_2');
    const reader = await application();
    await reader.query('begin; select from item');
    await expect(capture.removeCapture(ref)).rejects.toMatchObject({ code: 'RP5308' });
    await reader.query('commit');
    await capture.removeCapture(ref);
    expect(await source.query(leftovers)).toEqual([]);
  });

  it.each([
    ['writer', `insert into item values (1, 'a')`],
    ['reader', 'select from item'],
  ])(
    'behind a long %s lets others read and write: it waits with a lock timeout and goes away in between',
    async (_, sql) => {
      const { capture, ref, application, source } = await open(schema, { lockTimeoutMs: 50, lockBudgetMs: 60_000 });
      await capture.installCapture(ref);
      const holder = await application();
      const other = await application();
      await other.query(`set statement_timeout = '5s'`);
      await holder.query(`begin; ${sql}`);
      const removing = capture.removeCapture(ref);
      let waited = 0;
      while (waited < 3) {
        await other.query('insert into item select coalesce(max(id), 1) + 1, null from item');
        const rows = await source.query(
          `select from pg_locks where relation = 'item'::regclass and not granted and mode = 'AccessExclusiveLock'`,
        );
        waited += rows.length;
      }
      await holder.query('commit');
      await removing;
      expect(await source.query(leftovers)).toEqual([]);
    },
  );

  it('keeps a schema rowproof that holds something else', async () => {
    const { capture, ref, source, onSource } = await open();
    await onSource((session) => ensureLedger(session));
    await capture.installCapture(ref);
    await capture.removeCapture(ref);
    expect(await onSource((session) => ledgerVersion(session))).not.toBeNull();
    expect(await source.query(`select from pg_class where relname like 'change\\_%'`)).toEqual([]);
  });
});

import { Clients, openCutoverRun, proveAll, sides, sqlstateOf, until, type CutoverRun } from './cutover-fixture';
import { createCaptureActivities } from '../../../activities/capture';
import { writeBlockName } from '../../../src/engine/run/relations';

const go = { drill: false, by: 'ben' };

describe.each(['frozen', 'aligned'] as const)('books that are closed before the freeze commits (%s)', (books) => {
  let run: CutoverRun;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({ cutover: { books, maxFreezeMs: 60_000 } });
  });
  afterEach(async () => {
    await clients.end();
    await run.drop();
  });

  const asRun = (sql: string): Promise<unknown> => run.target.query(`set rowproof.run = '${run.ref.run}'; ${sql}`);
  const writes = (): Promise<string> => sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'));

  it.each([
    [
      'a row that came from nowhere',
      `insert into accounts values (5000, 'odd', 0)`,
      /accounts: the target has 201 rows, the receipts say 200/,
    ],
    ['a row that is missing', 'delete from parts where id = 7', /parts: the target has 99 rows, the receipts say 100/],
  ])('let the writers go over %s, in a drill too, and the run follows on', async (_, sql, problem) => {
    await asRun(sql);
    for (const drill of [true, false]) {
      const result = await run.cutover.cutOver({ ref: run.ref, drill, by: 'ben' });
      expect(result).toMatchObject({ outcome: 'not_proved', reconciliationMs: expect.any(Number) as number });
      expect(result.sentence).toMatch(/^The books do not balance: /);
      expect(result.sentence).toMatch(problem);
    }
    expect(await writes()).toBe('done');
    await asRun(`delete from accounts where id = 5000; insert into parts values (7, 7, 'v') on conflict do nothing`);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
  });

  it('hold rows that came, went and moved after whatever was counted before, and the verdict says how they were closed', async () => {
    const app = await clients.open(run.source.url);
    await app.query(`begin; insert into accounts select g, 'new', 1 from generate_series(3000, 3007) g;
      delete from accounts where id < 4; update accounts set id = 900 where id = 10; update parts set day = 11 where id = 100`);
    const attempt = run.cutover.cutOver({ ref: run.ref, ...go });
    // the barrier waits for the transaction: everything before it is over
    await until(async () => (await run.source.query('select 1 from pg_locks where not granted')).length > 0);
    await app.query('commit');
    expect(await attempt).toMatchObject({ outcome: 'frozen', reconciliationMs: expect.any(Number) as number });
    const both = await sides(run);
    expect(both.target).toEqual(both.source);
    const [row] = await run.target.query<{ detail: { books: string; reconciliationMs: number } }>(
      `select detail from rowproof.cutover where outcome = 'frozen'`,
    );
    expect(row?.detail).toMatchObject({ books, reconciliationMs: expect.any(Number) as number });
  });
});

it('Books balance again, and say so, once a table from which others took rows was read again whole', async () => {
  const run = await openCutoverRun();
  try {
    const asRun = `set rowproof.run = '${run.ref.run}'`;
    await run.target.query(`${asRun}; delete from accounts where id < 6; insert into parts values (9000, 1, 'odd')`);
    expect(await proveAll(run)).toBe(false);
    await createCaptureActivities(run.host).resyncCapture({ ref: run.ref, by: 'ben', reason: 'rows were taken away' });
    expect(await run.cutover.cutOver({ ref: run.ref, drill: true, by: 'ben' })).toMatchObject({ outcome: 'drilled' });
    expect(await proveAll(run)).toBe(true);
    expect(
      await run.target.query(
        `select body ->> 'mapping' as mapping, body ->> 'rows' as rows from rowproof.event where kind = 'books counted anew' order by 1`,
      ),
    ).toEqual([
      { mapping: 'accounts', rows: '-5' },
      { mapping: 'parts', rows: '1' },
    ]);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
  } finally {
    await run.drop();
  }
});

it('A verdict over an open target says which counts closed the books', async () => {
  const run = await openCutoverRun({ cutover: { books: 'aligned' } });
  try {
    expect(await proveAll(run)).toBe(true);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    await run.cutover.openTarget(run.ref);
    expect(await proveAll(run, [])).toBe(true);
    const [verdict] = await run.target.query<{ sentence: string }>('select sentence from rowproof.verdict');
    expect(verdict?.sentence).toContain('both sides counted right before the freeze');
  } finally {
    await run.drop();
  }
});

it('With aligned books, what the full count after the opening finds ends the run as not proved until its cause is gone', async () => {
  const run = await openCutoverRun({ cutover: { books: 'aligned' } });
  try {
    expect(await proveAll(run)).toBe(true);
    expect(await run.cutover.cutOver({ ref: run.ref, ...go })).toMatchObject({ outcome: 'frozen' });
    await run.cutover.openTarget(run.ref);
    const freeze = writeBlockName(await run.databases.run(run.ref), 'freeze');
    const around = (sql: string): Promise<unknown> => {
      const triggers = (verb: string): string =>
        [freeze, `${freeze}_row`].map((name) => `alter table accounts ${verb} trigger "${name}"`).join('; ');
      return run.source.query(`begin; ${triggers('disable')}; ${sql}; ${triggers('enable always')}; commit`);
    };
    await around(`insert into accounts values (5000, 'odd', 0)`);
    // the application is on the target by now: its rows are none of the books
    await run.target.query(`insert into accounts values (6000, 'new', 0)`);
    expect(await proveAll(run, [])).toBe(false);
    const verdict = async (): Promise<{ green: boolean; sentence: string; problems: string[] } | undefined> =>
      (
        await run.target.query<{ green: boolean; sentence: string; problems: string[] }>(
          'select green, sentence, problems from rowproof.verdict',
        )
      )[0];
    expect(await verdict()).toMatchObject({
      green: false,
      problems: [expect.stringMatching(/^accounts: 1 row unexplained/)],
    });
    // nothing is undone, and nobody writes to the source: its books are closed again once the cause is gone
    expect(await run.cutover.freezeState(run.ref)).toMatchObject({ opened: true, whole: true });
    await expect(run.rollBack()).rejects.toMatchObject({ code: 'RP7007' });
    await around('delete from accounts where id = 5000');
    expect(await proveAll(run, [])).toBe(true);
    expect(await verdict()).toMatchObject({
      green: true,
      sentence: expect.stringContaining('both sides counted right before the freeze') as string,
    });
  } finally {
    await run.drop();
  }
});

import { createValidationActivities } from '../../../activities/proof';
import { createDeferred, deferredTable } from '../../../src/postgres/ledger/quarantine/deferred';
import { qualified } from '../../../src/sql/quote';
import { openCopyRun, type CopyRun } from '../copy/copy-run';
import { writableQuarantine } from '../../support/writable-quarantine';

jest.setTimeout(120_000);

let run: CopyRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

const draft = {
  source: `create table area (id int primary key, code text); create table spot (id int primary key, area int, name text);
    insert into area values (1, 'n'), (2, 's'); insert into spot values (1, 1, 'A'), (2, 2, 'b');`,
  target: `create table area (id int primary key, code text);
    create table spot (id int primary key, area int constraint spot_area references area, name text);
    create unique index spot_name on spot (lower(name)) where name <> 'free';`,
  mappings: [
    { name: 'area', columns: [{ target: 'id' }, { target: 'code' }] },
    { name: 'spot', columns: [{ target: 'id' }, { target: 'area' }, { target: 'name' }] },
  ],
};

/** What the checks of one kind say about rows that wait. */
async function broken(followed: CopyRun, kind: string, name: string): Promise<number> {
  const [row] = await followed.target.query<{ broken: string }>(
    'select broken::text as broken from rowproof.check_result where kind = $1 and name = $2',
    [kind, name],
  );
  return Number(row?.broken);
}

test('A row that waits is in quarantine, and what keeps it out is in the target', async () => {
  run = await openCopyRun(draft as never);
  await run.copyAll();
  const { target, ref, databases } = run;
  const ledger = await databases.ledger(ref, 'test');
  await createDeferred(ledger, ref.run, 'spot', { schema: 'public', name: 'spot' });
  await ledger.close();
  await writableQuarantine(target);
  const deferred = qualified(deferredTable(ref.run, 'spot'));
  const validation = createValidationActivities({ databases, plansFolder: null });
  const wait = async (key: number, area: number | null, name: string, reason: string, constraint: string) => {
    await target.query(`insert into ${deferred} values ($1, $2, $3, $4)`, [`["${key}"]`, key, area, name]);
    await target.query(
      `insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding, constraint_name)
       values ($1, 'spot', $2, 'quarantined', $3, 'spot.x', $4)`,
      [ref.run, `["${key}"]`, reason, constraint],
    );
  };
  const check = async () => {
    await validation.proveReferences(ref);
    await validation.checkRules(ref);
    return [
      await broken(run as CopyRun, 'constraint', 'public.spot (deferred rows)'),
      await broken(run as CopyRun, 'constraint', 'public.spot.spot_name (deferred rows)'),
      await broken(run as CopyRun, 'reference', 'public.spot.spot_area'),
    ];
  };
  // the index folds case: `B` is kept out by `b`
  await wait(3, 1, 'B', 'duplicate', 'spot_name');
  await wait(4, 9, 'c', 'orphan', 'spot_area');
  expect(await check()).toEqual([0, 0, 0]);
  await target.query(`update spot set name = 'other' where id = 2`);
  expect(await check()).toEqual([0, 1, 0]);
  await target.query(`insert into area values (9, 'late')`);
  expect(await check()).toEqual([0, 1, 1]);
  await target.query(`delete from rowproof.quarantine where source_key = '["4"]'`);
  expect(await check()).toEqual([1, 1, 0]);
});

import { reconciliationAfterFreeze } from '../../../src/postgres/ledger/proof/proof-books';
import { busyWrite, openFollowedRun, type FollowedRun } from './followed-run';

jest.setTimeout(120_000);

let run: FollowedRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function checked(): Promise<FollowedRun> {
  run = await openFollowedRun();
  await run.proof.proveLive({ ref: run.ref, mapping: 'item' });
  await run.validation.proveReferences(run.ref);
  await run.validation.checkRules(run.ref);
  return run;
}

test('The books of a followed run close while it is written to, and say what the ledger says', async () => {
  const { validation, ref, rounds, target, follow } = await checked();
  const stop = follow((turn) => busyWrite(turn));
  for (let turn = 0; turn < 3; turn += 1) {
    const verdict = await validation.reconcile(ref);
    expect(verdict).toMatchObject({ green: true, problems: [] });
    expect(verdict.reconciliation[0]?.unexplained).toBe(0);
  }
  await stop();
  await rounds.round();
  const verdict = await validation.reconcile(ref);
  const [counted] = await target.query<{ n: string }>('select count(*)::text as n from item');
  expect(verdict.reconciliation[0]?.migrated).toBe(Number(counted?.n));
  const ledger = await (run as FollowedRun).databases.ledger(ref, 'test');
  try {
    expect(await reconciliationAfterFreeze(ledger, ref.run, ['item'])).toEqual({
      migrated: Number(counted?.n),
      quarantined: verdict.reconciliation[0]?.quarantined,
      problems: [],
    });
    await target.query(
      'delete from rowproof.quarantined where ctid in (select ctid from rowproof.quarantined limit 1)',
    );
    expect((await reconciliationAfterFreeze(ledger, ref.run, ['item'])).problems).toHaveLength(1);
  } finally {
    await ledger.close();
  }
});

test.each([
  [`update rowproof.delta_reconciliation set migrated = migrated + 1`],
  [`update rowproof.delta_reconciliation set quarantined = quarantined - 1`],
  [`insert into item values (999999, 'x', 1, 'x')`],
  [`delete from rowproof.quarantined where source_key = '["51"]'`],
])('The books do not close after %s', async (sql) => {
  const { validation, ref, rounds, target } = await checked();
  await rounds.round();
  expect(await validation.reconcile(ref)).toMatchObject({ green: true });
  await target.query(sql);
  const verdict = await validation.reconcile(ref);
  expect(verdict.green).toBe(false);
  expect(verdict.problems.length).toBeGreaterThan(0);
});

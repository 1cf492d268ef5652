import { drain } from '../../../activities/delta-drain';
import { createLiveProofActivities } from '../../../activities/live-proof';
import { proveTouched, refreshProof } from '../../../activities/live-proof-touched';
import { createValidationActivities } from '../../../activities/validation';
import { openFollowedRun, type FollowedRun } from '../delta/followed-run';
import { busyWrite, items } from './followed-run';

jest.setTimeout(180_000);

let run: FollowedRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

/** An application writes and rounds follow until the returned function is called. */
function follow(followed: FollowedRun): () => Promise<void> {
  let going = true;
  const application = (async () => {
    for (let turn = 0; going; turn += 1) await followed.source.query(busyWrite(turn));
  })();
  const rounds = (async () => {
    while (going) await followed.delta.runRounds(followed.ref, { forMs: 200, untilCaughtUp: false });
  })();
  return async () => {
    going = false;
    await Promise.all([application, rounds]);
  };
}

test('Proof, books and the last look agree with rounds that capture, follow and apply', async () => {
  run = await openFollowedRun({
    source: items.source,
    target: `${items.target}; alter table item add unique (code)`,
    mappings: [items.mapping as never],
    decisions: [{ finding: 'item.*', do: 'quarantine', expect: null, because: 'unknown', by: 'ana' }],
    settings: { proof: { sliceRows: 500, workMem: null, maxSnapshotAgeMs: 1 } },
  });
  const { host, ref, target, source } = run;
  await target.query('update rowproof.lane set rules_on = true');
  const proof = createLiveProofActivities({ ...host, lastHeartbeat: () => undefined });
  const validation = createValidationActivities({ ...host, plansFolder: null, lastHeartbeat: () => undefined });
  const stop = follow(run);
  try {
    expect(await proof.proveLive(ref, 'item')).toMatchObject({
      mismatch: 0,
      missing: 0,
      extraneous: 0,
      duplicate: 0,
      unverifiable: 0,
    });
    await validation.proveReferences(ref);
    await validation.checkRules(ref);
    expect(await validation.reconcile(ref)).toMatchObject({ green: true, problems: [] });
    expect(await refreshProof(host, ref)).toMatchObject({ differences: 0 });
  } finally {
    await stop();
  }
  // what cannot stand beside another row waits, and says so
  await source.query(`update item set code = 'c2', active = true where id in (3, 4)`);
  await drain(host, ref, () => undefined);
  const last = await proveTouched(host, ref);
  expect(last.differences).toBe(0);
  expect(last.keys).toBeGreaterThan(0);
  await validation.checkRules(ref);
  expect(await validation.reconcile(ref)).toMatchObject({ green: true, problems: [] });
  const waiting = await target.query(
    `select name, broken::text from rowproof.check_result where name like '%that wait%'`,
  );
  expect(waiting).toContainEqual({ name: 'public.item.item_code_key (rows that wait)', broken: '0' });
});

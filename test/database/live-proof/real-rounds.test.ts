import { align } from '../../../src/engine/follow/align';
import { drain } from '../../../src/engine/follow/drain';
import { proveTouched, refreshProof } from '../../../src/engine/proof/live/touched-keys';
import { createValidationActivities, createLiveProofActivities } from '../../../activities/proof';
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
    for (let turn = 0; going; turn += 1) {
      await followed.source.query(busyWrite(turn));
      await followed.source.query(`update tag set name = name || '!' where id = ${1 + (turn % 900)}`);
    }
  })();
  const rounds = (async () => {
    while (going) await followed.delta.runRounds({ ref: followed.ref, forMs: 200, untilCaughtUp: false });
  })();
  return async () => {
    going = false;
    await Promise.all([application, rounds]);
  };
}

test('Proof, books and the last look agree with rounds that capture, follow and apply', async () => {
  run = await openFollowedRun({
    source: `${items.source} create table tag (id int primary key, item bigint, name text);
      insert into tag select g, g * 2 + 1, 't' || g from generate_series(1, 900) g;`,
    target: `${items.target}; alter table item add unique (code); create table tag (id int primary key, item bigint, name text)`,
    mappings: [
      items.mapping as never,
      { name: 'tag', columns: [{ target: 'id' }, { target: 'item' }, { target: 'name' }] },
    ],
    decisions: [{ finding: 'item.*', do: 'quarantine', expect: null, because: 'unknown', by: 'ana' }],
    settings: { proof: { sliceRows: 500, workMem: null, maxSnapshotAgeMs: 1 } },
  });
  const { host, ref, target, source } = run;
  await target.query('update rowproof.apply_lease set rules_on = true');
  const proof = createLiveProofActivities({ ...host, lastHeartbeat: () => undefined });
  const validation = createValidationActivities({ ...host, plansFolder: null, lastHeartbeat: () => undefined });
  const stop = follow(run);
  try {
    // side by side, as the validation does it: each needs the apply lease for its alignments
    const none = { mismatch: 0, missing: 0, extraneous: 0, duplicate: 0, unverifiable: 0 };
    const summaries = await Promise.all(['item', 'tag'].map((name) => proof.proveLive({ ref, mapping: name })));
    expect(summaries).toMatchObject([none, none]);
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
    `select name, broken::text from rowproof.check_result where name like '%deferred rows%'`,
  );
  expect(waiting).toContainEqual({ name: 'public.item.item_code_key (deferred rows)', broken: '0' });
});

test('A table that is truncated while the books are closed is counted at another moment', async () => {
  run = await openFollowedRun({
    source:
      'create table tag (id int primary key, name text); insert into tag select g, g::text from generate_series(1, 40) g;',
    target: 'create table tag (id int primary key, name text);',
    mappings: [{ name: 'tag', columns: [{ target: 'id' }, { target: 'name' }] }],
  });
  const { host, ref, source, target } = run;
  await target.query('update rowproof.apply_lease set rules_on = true');
  await createLiveProofActivities({ ...host, lastHeartbeat: () => undefined }).proveLive({ ref, mapping: 'tag' });
  let alignments = 0;
  const aligned: typeof align = async (...given) => {
    const alignment = await align(...given);
    // to the snapshots that are open now the table is empty from here on
    if ((alignments += 1) === 1)
      await source.query(`truncate tag; insert into tag select g, 'n' || g from generate_series(5, 30) g`);
    return alignment;
  };
  const { reconcile, proveReferences, checkRules } = createValidationActivities({
    ...host,
    align: aligned,
    plansFolder: null,
    lastHeartbeat: () => undefined,
  });
  await proveReferences(ref);
  await checkRules(ref);
  alignments = 0;
  const verdict = await reconcile(ref);
  expect(verdict).toMatchObject({ problems: [], green: true });
  expect(verdict.reconciliation).toMatchObject([{ source: 26, migrated: 26, unexplained: 0 }]);
  expect(alignments).toBe(2);
});

import { createLiveProofActivities } from '../../../activities/live-proof';
import { createValidationActivities } from '../../../activities/validation';
import { LaneHolder } from '../../../activities/delta-lane';
import { runRound } from '../../../activities/delta-round';
import { accounts, Clients, openCutoverRun, sqlstateOf, withSettings, type CutoverRun } from './cutover-fixture';

const approval = { by: 'ben', reason: 'tonight', code: '' };

describe('the checklist of a cutover', () => {
  let run: CutoverRun;
  const clients = new Clients();
  beforeEach(async () => {
    run = await openCutoverRun({
      settings: { approvers: { cutover: ['ben'] } },
      target: `${accounts.target}
        alter table parts add constraint parts_account foreign key (id) references accounts;`,
    });
  });
  afterEach(async () => {
    await clients.end();
    await run.drop();
  });

  async function wrong(given: typeof approval | null = null, cutover = run.cutover): Promise<string[]> {
    const lines = await cutover.checkCutover(run.ref, given);
    return lines.filter(({ ok }) => !ok).map(({ name }) => name);
  }

  async function sentenceOf(name: string, cutover = run.cutover): Promise<string | undefined> {
    return (await cutover.checkCutover(run.ref, null)).find((line) => line.name === name)?.sentence;
  }

  async function prove(): Promise<void> {
    const proof = createLiveProofActivities(run.host);
    const validation = createValidationActivities({ databases: run.databases, plansFolder: null });
    for (const name of ['accounts', 'parts']) await proof.proveLive(run.ref, name);
    await validation.proveReferences(run.ref);
    await validation.checkRules(run.ref);
    await validation.runSpotChecks(run.ref);
    await validation.reconcile(run.ref);
  }

  it('holds when everything does, with the approval of somebody who may give it', async () => {
    expect(await wrong()).toEqual(['proof']);
    await prove();
    const { code } = (await run.databases.run(run.ref)).compiled;
    expect(await run.cutover.checkCutover(run.ref, { ...approval, code })).toEqual(
      [
        'lane',
        'lag',
        'pending',
        'prepared',
        'proof',
        'subscriptions',
        'quarantine',
        'findings',
        'effects',
        'blocked',
        'rules_built',
        'drift',
        'approval',
      ].map((name) => ({ name, ok: true, sentence: expect.any(String) as string })),
    );
    expect(await wrong({ ...approval, code: 'ffff-ffff' })).toEqual(['approval']);
    expect(await wrong({ ...approval, code, by: 'eve' })).toEqual(['approval']);
    expect(await wrong({ ...approval, code, by: ' ' })).toEqual(['approval']);
    const events = await run.target.query(
      `select 1 from rowproof.event where kind = 'checklist' and body ->> 'name' = 'lag'`,
    );
    expect(events).toHaveLength(5);
  });

  it('does not hold while a subscription writes to a mapped table, since no freeze stops it', async () => {
    await prove();
    await run.target.query('create publication upstream for table accounts');
    await run.source.query(
      `create subscription downstream connection '${run.target.url}' publication upstream
       with (create_slot = false, slot_name = 'nowhere', copy_data = false, enabled = false)`,
    );
    try {
      expect(await wrong()).toEqual([]);
      await run.source.query('alter subscription downstream enable');
      expect(await wrong()).toEqual(['subscriptions']);
      expect(await run.cutover.cutOver(run.ref, { drill: false, by: 'ben' })).toMatchObject({
        outcome: 'not_proved',
        sentence: expect.stringContaining('public.accounts') as string,
      });
    } finally {
      await run.source.query('alter subscription downstream disable');
      await run.source.query('alter subscription downstream set (slot_name = none)');
      await run.source.query('drop subscription downstream');
    }
  });

  it('names what stands in the way', async () => {
    await prove();
    await run.target.query('drop index parts_v');
    expect(await wrong()).toEqual(['rules_built']);
    await run.target.query('create index parts_v on parts (v)');
    await run.target.query('alter table parts alter v type varchar(10)');
    expect(await wrong()).toEqual(['drift']);
    await run.target.query('alter table parts alter v type text');
    await run.target.query(`update rowproof.batch set state = 'blocked' where mapping = 'parts'`);
    expect(await wrong()).toContain('blocked');
    await run.target.query(`update rowproof.batch set state = 'done'`);
    await run.target.query(`insert into rowproof.quarantine (run, mapping, source_key, class, reason, finding)
      select run, 'parts', '["x"]', 'quarantined', 'cast', 'parts.v.cast' from rowproof.run`);
    expect(await wrong()).toEqual(['quarantine']);
    await run.target.query('delete from rowproof.quarantine');
    await run.target.query(`update rowproof.lane set state = 'stopped', reason = 'a trigger is gone'`);
    const [lane] = await run.cutover.checkCutover(run.ref, null);
    expect(lane).toEqual({ name: 'lane', ok: false, sentence: 'The lane is stopped: a trigger is gone.' });
    expect(await run.cutover.cutOver(run.ref, { drill: false, by: 'ben' })).not.toMatchObject({ outcome: 'frozen' });
    expect(await sqlstateOf(run.source.query('delete from accounts where false'))).toBe('done');
  });

  it('names limits that are passed, what nobody decided, what had another effect, and a rule that is not valid', async () => {
    await prove();
    const strict = await withSettings(run, { cutover: { maxProofAgeMs: 1 } });
    expect(await wrong(null, strict)).toEqual(['proof']);
    expect(await sentenceOf('proof', strict)).toMatch(/^The proof is green, .* old; 0.00 s are allowed\.$/);
    await run.source.query('update accounts set balance = balance + 1');
    const holder = await LaneHolder.open(run.host, run.ref, 'test');
    await runRound(holder, { limit: 10, beat: () => undefined });
    await holder.end(true);
    const behind = await withSettings(run, { cutover: { maxLagMs: 1 }, delta: { roundKeys: 10 } });
    expect(await wrong(null, behind)).toEqual(['lag', 'pending']);
    expect(await wrong()).toEqual([]);

    await run.target.query(`insert into rowproof.finding (run, id, mapping, column_name, kind, severity, rows, sentence, choices)
      select run, 'parts.v.check', 'parts', 'v', 'check', 'decide', 3, 'x', '{quarantine,stop}' from rowproof.run`);
    expect(await wrong()).toEqual(['findings']);
    expect(await sentenceOf('findings')).toContain('parts.v.check');
    const decide = (rows: number): Promise<unknown> =>
      run.target.query(`insert into rowproof.decision (run, finding, action, expect_rows, tolerance, reason, decided_by, origin)
        select run, 'parts.v.check', 'accept', ${rows}, 0, 'known', 'ben', 'operator' from rowproof.run
        on conflict (run, finding) do update set expect_rows = excluded.expect_rows`);
    await decide(4);
    expect(await wrong()).toEqual(['effects']);
    expect(await sentenceOf('effects')).toContain('parts.v.check: expected 4 ± 0 rows, saw 3');
    await decide(3);
    expect(await wrong()).toEqual([]);

    await run.target.query('alter table parts drop constraint parts_account');
    expect(await wrong()).toEqual(['rules_built']);
    const add = 'alter table parts add constraint parts_account foreign key (id) references accounts';
    await run.target.query(`${add} not valid`);
    expect(await wrong()).toEqual(['rules_built']);
    expect(await sentenceOf('rules_built')).toContain('parts_account');
    await run.target.query('alter table parts validate constraint parts_account');
    expect(await wrong()).toEqual([]);
  });

  it('lists who writes to the source, by application and user', async () => {
    const shop = await clients.open(run.source.url, 'shop');
    await shop.query('begin; update accounts set balance = 2 where id = 2');
    const idle = await clients.open(run.source.url, 'reader');
    await idle.query('select count(*) from accounts');
    expect(await run.cutover.listWriters(run.ref, 'before')).toEqual([
      { source: 'legacy', application: 'shop', user: expect.any(String) as string, sessions: 1 },
    ]);
    await shop.query('rollback');
  });
});

describe('a source that is frozen before the copy', () => {
  it('stays frozen, is found frozen again, and is freed by a rollback', async () => {
    const run = await openCutoverRun({ capture: 'none', settings: { pattern: 'big_bang' }, copied: false });
    try {
      const write = 'update accounts set balance = 1 where false';
      expect(await run.cutover.freezeSource(run.ref, 'ben')).toMatchObject({ outcome: 'frozen' });
      expect(await run.cutover.freezeSource(run.ref, 'ben')).toMatchObject({ outcome: 'frozen' });
      expect(await sqlstateOf(run.source.query(write))).toBe('25006');
      await run.copyAll();
      expect(await run.rollBack()).toEqual({ equal: true, differences: [] });
      expect(await sqlstateOf(run.source.query(write))).toBe('done');
    } finally {
      await run.drop();
    }
  });
});

import { createValidationActivities } from '../../../activities/proof';
import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { openCopyRun } from '../copy/copy-run';
import { accounts, openCutoverRun, type CutoverRun } from './cutover-fixture';
import { createDiscoveryActivities } from '../../../activities/discovery';
import { createFinishActivities } from '../../../activities/finish';

const touch = `alter table accounts add column updated_at timestamptz;
  create function touch() returns trigger language plpgsql as $$ begin new.updated_at := now(); return new; end $$;
  create trigger origin before update on accounts for each row execute function touch();
  create trigger off before update on accounts for each row execute function touch(); alter table accounts disable trigger off;
  create trigger replica before update on accounts for each row execute function touch(); alter table accounts enable replica trigger replica;
  create trigger always before update on accounts for each row execute function touch(); alter table accounts enable always trigger always;`;
const withTime = {
  source: `${accounts.source} alter table accounts add column updated_at timestamptz default '2020-01-01';`,
  target: `${accounts.target} ${touch}`,
  mappings: [
    {
      name: 'accounts',
      columns: [{ target: 'id' }, { target: 'owner' }, { target: 'balance' }, { target: 'updated_at' }],
    },
    { name: 'parts', columns: [{ target: 'id' }, { target: 'day' }, { target: 'v' }] },
  ],
};
const states = `select tgname as name, tgenabled as enabled from pg_trigger where tgrelid = 'accounts'::regclass and not tgisinternal
  and tgname not like 'rowproof%' order by 1`;

async function proved(run: CutoverRun) {
  const validation = createValidationActivities({ databases: run.databases, plansFolder: null });
  await validation.proveReferences(run.ref);
  return validation.checkRules(run.ref);
}

describe('triggers of the target in a run that follows its source', () => {
  let run: CutoverRun;
  afterEach(() => run.drop());

  it('are set aside, which the proof knows, and are back as each was when the target opens', async () => {
    run = await openCutoverRun(withTime);
    const before = [
      { name: 'always', enabled: 'A' },
      { name: 'off', enabled: 'D' },
      { name: 'origin', enabled: 'O' },
      { name: 'replica', enabled: 'R' },
    ];
    expect(await run.target.query(states)).toEqual(before.map(({ name }) => ({ name, enabled: 'D' })));
    await run.source.query('update accounts set balance = 9 where id < 20');
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    expect(await proved(run)).toMatchObject({ broken: 0 });
    expect(await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ana' })).toMatchObject({ outcome: 'frozen' });
    await createFinishActivities(run).restoreTriggers(run.ref);
    await run.cutover.openTarget(run.ref);
    expect(await run.target.query(states)).toEqual(before);
    expect(await proved(run)).toMatchObject({ broken: 0 });
  });

  it('that somebody disabled before they were set aside again are missed by the proof', async () => {
    run = await openCutoverRun(withTime);
    await createFinishActivities(run).restoreTriggers(run.ref);
    await run.target.query('alter table accounts disable trigger always');
    expect(await proved(run)).toMatchObject({ broken: 1 });
  });

  it('that fire and change what was loaded are named with table and column where the keys differ', async () => {
    const decision = { do: 'fire' as const, expect: null, because: 'wanted', by: 'ana' };
    run = await openCutoverRun({ ...withTime, decisions: [{ ...decision, finding: 'accounts.origin.trigger' }] });
    await run.source.query('update accounts set balance = 9 where id < 20');
    await cutoverSteps.drain(run.host, run.ref, () => undefined);
    const ended = await run.cutover.cutOver({ ref: run.ref, drill: false, by: 'ana' });
    expect(ended.outcome).toBe('not_proved');
    expect(ended.sentence).toBe(
      '19 of 19 changed keys differ from what the plan says (public.accounts.updated_at, which trigger origin of public.accounts may have written); writers were not stopped.',
    );
  });

  it('ask only where they can fire, and offer that only where the plan does not load what they write', async () => {
    const copy = await openCopyRun({
      capture: 'triggers',
      settings: { pattern: 'hybrid' },
      ...withTime,
      target: `${withTime.target}
        create trigger emptied after truncate on accounts execute function touch();
        create function note() returns trigger language plpgsql as $$ begin return null; end $$;
        create trigger noted after update of owner on accounts for each row execute function note();
        create trigger never after update of rest on accounts for each row execute function note();`.replace(
        'alter table accounts add column',
        'alter table accounts add column rest int, add column',
      ),
    });
    run = copy as CutoverRun;
    const host = { databases: copy.databases, signal: () => undefined, heartbeat: () => undefined };
    await createDiscoveryActivities(host).tryTargetRules(copy.ref);
    const found = await copy.target.query<{ id: string; sentence: string; choices: string[] }>(
      `select id, sentence, choices from rowproof.finding where kind = 'trigger' order by id`,
    );
    expect(found.map(({ id, choices }) => [id, choices])).toEqual([
      ['accounts.always.trigger', ['disable', 'stop']],
      ['accounts.noted.trigger', ['disable', 'fire', 'stop']],
      ['accounts.origin.trigger', ['disable', 'stop']],
    ]);
    expect(found[0]?.sentence).toContain('writes updated_at: disable it while rows are loaded. It cannot fire');
  });
});

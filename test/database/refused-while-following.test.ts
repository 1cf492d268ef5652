import { createCaptureActivities } from '../../activities/capture';
import { createFinishActivities } from '../../activities/finish';
import { createRollbackActivities } from '../../activities/rollback';
import { cutoverSteps } from '../../src/engine/cutover/steps';
import { sentenceOf } from './copy/whole-run';
import { openCutoverRun, type CutoverRun } from './cutover/cutover-fixture';
import type { TestDatabase } from '../support/postgres/postgres';
import { defineFunction, isData, refusals, works } from '../support/refusing-functions';

/** A statement that is refused names side, table, function, what was being done and its SQLSTATE: in settle, rounds, cutover and rollback. */

jest.setTimeout(300_000);
let run: CutoverRun;
const said: string[] = [];

/** A trigger of schema changes, as audits have them, that calls public.NAME. */
const audit = (name: string, tags: string): string => `
  create function ${name}(text) returns text language plpgsql immutable as 'begin return $1; end';
  create function audit() returns event_trigger language plpgsql as 'begin perform public.${name}(''canary''); end';
  create event trigger audit on ddl_command_start when tag in (${tags}) execute function audit();`;

beforeAll(async () => {
  run = await openCutoverRun({
    source: `create sequence never_used;
      create function in_source(text) returns text language plpgsql immutable as 'begin return $1; end';
      create table t (id int primary key, c text); insert into t select g, 'canary' || g from generate_series(1, 5) g;
      ${audit('in_ddl', `'CREATE TRIGGER', 'DROP TRIGGER'`)}`,
    target: `create sequence never_used;
      create function in_key(text) returns text language plpgsql immutable as 'begin return $1; end';
      create table t (id int primary key, c text);
      create unique index once on t (in_key(c));
      create function note() returns trigger language plpgsql as 'begin return new; end';
      create trigger note before insert on t for each row execute function note();
      ${audit('in_ddl', `'ALTER TABLE', 'DROP TRIGGER'`)}`,
    mappings: [{ name: 't', columns: [{ target: 'id' }, { target: 'c', sql: 'public.in_source(c)' }] }],
    decisions: [{ finding: 't.note.trigger', do: 'fire', expect: null, because: 'audited', by: 'ana' }],
    copied: false,
  });
  await createCaptureActivities(run.host).installCapture(run.ref);
  await run.copyAll();
});
afterAll(async () => {
  expect(said.join(' ')).not.toContain('canary');
  await run.drop();
});

/** While the function ends with each SQLSTATE in turn, `work` is refused in these words. */
async function refused(
  at: { readonly side: TestDatabase; readonly name: string; readonly rows?: boolean },
  words: readonly string[],
  work: () => Promise<string>,
): Promise<void> {
  const side = at.side === run.source ? 'Source legacy (${SOURCE_URL})' : 'The target (${TARGET_URL})';
  for (const [sqlstate, [name, body]] of Object.entries(refusals)) {
    if (at.rows === true && isData(sqlstate)) continue;
    await defineFunction(at.side, at.name, body);
    const sentence = await work();
    said.push(sentence);
    for (const word of [side, `${name} (${sqlstate})`, `function public.${at.name}`, ...words])
      expect([sqlstate, sentence]).toEqual([sqlstate, expect.stringContaining(word)]);
  }
  await defineFunction(at.side, at.name, works);
}

const drain = (): Promise<string> => sentenceOf(cutoverSteps.drain(run.host, run.ref, () => undefined));
const finish = (): ReturnType<typeof createFinishActivities> => createFinishActivities(run.host);

test('while a followed run settles', async () => {
  await refused({ side: run.target, name: 'in_key' }, ['while looking for rows of public.t that break once'], () =>
    sentenceOf(finish().settle(run.ref)),
  );
  await finish().settle(run.ref);
  await finish().rebuildIndexes(run.ref);
});

test('while a round reads, and while it writes', async () => {
  await run.source.query(`update t set c = c || 'x' where id = 1; insert into t values (6, 'canary6')`);
  await refused({ side: run.source, name: 'in_source', rows: true }, ['while reading changed rows of public.t'], drain);
  await refused({ side: run.target, name: 'in_key', rows: true }, ['while ', ' rows of public.t'], drain);
  expect(await drain()).toBe('nothing was refused');
  expect(await run.target.query('select count(*)::int as n from t')).toEqual([{ n: 6 }]);
});

test('while a cutover freezes the source, and while it opens the target', async () => {
  const attempt = async (drill: boolean): Promise<string> =>
    (await run.cutover.cutOver({ ref: run.ref, drill, by: 'ana' })).sentence;
  await refused(
    { side: run.source, name: 'in_ddl' },
    ['while freezing public.t', 'writers are free again and the run goes on following'],
    () => attempt(true),
  );
  expect(await attempt(false)).toMatch(/^Writers are stopped/);
  await refused({ side: run.target, name: 'in_ddl' }, ['while restoring the triggers of public.t'], () =>
    sentenceOf(run.cutover.openTarget(run.ref)),
  );
});

test('while a rollback undoes it', async () => {
  const undoing = createRollbackActivities(run.host);
  await undoing.revokeLeases(run.ref);
  const met: string[] = [];
  const doing: Readonly<Record<string, string>> = {
    freeze: 'releasing the freeze of public.t',
    capture: 'changing what captures public.t',
    guard: 'taking the guard off public.t',
    triggers: 'restoring the triggers of public.t',
    rows: 'emptying public.t',
  };
  for (const step of await undoing.openSteps(run.ref)) {
    const side = ['freeze', 'capture'].includes(step.kind) ? run.source : run.target;
    const compensate = (): Promise<string> => sentenceOf(undoing.compensate({ ref: run.ref, ordinal: step.ordinal }));
    if (step.kind in doing) {
      met.push(step.kind);
      await refused({ side, name: 'in_ddl' }, [`while ${doing[step.kind]}`], compensate);
    }
    expect([step.kind, await compensate()]).toEqual([step.kind, 'nothing was refused']);
  }
  expect(met.sort()).toEqual(Object.keys(doing).sort());
  expect((await undoing.proveRollback(run.ref)).differences).toEqual([]);
});

import { paste, printedUpdates } from '../support/printed/printed-updates';
import { looks, printedBy, refusedWhileOpen, signed, stateTable, type StateTable } from '../support/state-table';
import { startTemporal, type TestTemporal } from '../support/temporal';
import { createTinyBench, type TinyBench } from '../support/tiny-places';
import { withClient } from '../support/workbench';

/** What a person could decide is asked, and does not end the run: each command and each JSON that is printed then leads on. */

jest.setTimeout(600_000);
let temporal: TestTemporal;
let bench: TinyBench;
let meets: StateTable['meets'];
let follow: StateTable['follow'];

const key = 'public.notes.notes_d.reference';
const known = `  d.v.cast_integer: { do: quarantine, expect: { rows: 1 }, because: known, by: ana }`;

beforeAll(async () => {
  temporal = await startTemporal();
  bench = await createTinyBench(temporal, {
    broken: {
      settings: 'gates: [copy], on_failure: keep',
      target: `create table public.notes (id integer primary key, d_id integer);
        insert into public.notes values (1, 1), (2, 777), (3, 778);
        alter table public.notes add constraint notes_d foreign key (d_id) references public.d not valid;`,
    },
    limit: {
      head: 'defaults: { max_bad_rows: 2 }',
      settings: 'on_failure: keep, batch: { rows: 5, in_flight: 1 }',
      decisions: `${known}\n  d.refusing.trigger: { do: fire, because: audited, by: ana }`,
      tables: '  public.other: { from: public.other, columns: "*" }',
      source: `create table public.other (id integer primary key); insert into public.other select generate_series(1, 20);`,
      target: `create table public.other (id integer primary key);
        create function public.refuse() returns trigger language plpgsql as
          'begin if new.id in (2, 3, 4, 12) then raise exception ''no''; end if; return new; end';
        create trigger refusing before insert on public.d for each row execute function public.refuse();`,
    },
  });
  ({ meets, follow } = stateTable(bench));
  bench.worker();
});
afterAll(async () => {
  await bench?.close();
  await temporal?.stop();
});

test('A key that rows of others break is accepted by its number, asked again where that moved, and the end says by whom', async () => {
  const place = bench.place('broken');
  const first = await bench.rowproof('run', place.file);
  expect([first.code, first.stdout]).toEqual([7, expect.stringContaining(`decide ${key} accept --expect 2`)]);
  const unnumbered = await bench.rowproof('decide', key, 'accept', '--run', place.run, ...signed);
  expect([unnumbered.code, unnumbered.stderr]).toEqual([4, expect.stringContaining('which is 2 now')]);
  await follow(first, `decide ${key} accept`);
  await bench.until(place.run, ({ gate }) => gate === 'copy');
  const clock = async (): Promise<number> => {
    const { stdout } = await bench.rowproof('status', place.run, '--output', 'json');
    return Date.parse((JSON.parse(stdout) as { status: { asOf: string } }).status.asOf);
  };
  const before = await clock();
  // nothing happens to a run that waits, and its clock goes on
  expect(await clock()).toBeGreaterThan(before);
  await place.target.query('set session_replication_role = replica; insert into public.notes values (4, 779)');
  await follow(await bench.rowproof('status', place.run), 'approve copy');

  await bench.until(place.run, ({ phase, undecided }) => phase === 'proof' && undecided.length > 0);
  await meets(place, { ...looks, ...refusedWhileOpen, watch: null, pause: 0, resume: 0 }, ['decide', 'abort']);
  const asks = await bench.rowproof('status', place.run);
  expect(asks.stdout).toContain('expected 2 rows, 3 are seen');
  const wrong = await bench.rowproof('decide', key, 'accept', '--expect', '9', '--run', place.run, ...signed);
  expect([wrong.code, wrong.stderr]).toEqual([4, expect.stringContaining('expected 9 rows, 3 are seen')]);
  await follow(asks, `decide ${key} accept --expect 3`);
  const complete = await bench.rowproof('watch', place.run);
  expect([complete.code, complete.stdout]).toEqual([
    0,
    expect.stringContaining('accepted: foreign key public.notes.notes_d, 3 broken, by YOU'),
  ]);
  const report = await bench.rowproof('report', place.run, '--output', 'json');
  expect(report.stdout).toContain('accepted by YOU');
});

test('A table with too many bad rows waits as soon as that is certain, others go on, and each way that is printed leads out', async () => {
  const place = bench.place('limit');
  const first = await bench.rowproof('run', place.file);
  expect([first.code, first.stdout]).toEqual([7, expect.stringContaining('d is stopped: d has 3 bad rows')]);
  expect(first.stdout).toContain('d.row.raised (3; trigger refusing)');
  const parked = await bench.until(
    place.run,
    ({ tables, blocked }) =>
      blocked.length === 1 && tables.some((one) => one.mapping === 'other' && one.state === 'done'),
  );
  expect(parked.blocked[0]?.what).toBe('d:bad_rows');
  expect(parked.state).toBe('blocked');
  expect(parked.tables.find(({ mapping }) => mapping === 'd')?.batchesDone).toBeLessThan(4);
  const row = { ...looks, ...refusedWhileOpen, watch: null, 'approve copy': 4, pause: 0, resume: 0 };
  await meets(place, row, ['decide', 'abort']);
  const shown = await bench.rowproof('status', place.run);
  expect(printedBy(shown).map((words) => words.slice(0, 3).join(' '))).toEqual(
    expect.arrayContaining([
      'decide d.row.raised quarantine',
      'decide d.max_bad_rows accept',
      `abort ${place.run} --then`,
    ]),
  );
  const few = await bench.rowproof(
    'decide',
    'd.max_bad_rows',
    'accept',
    '--expect',
    '2',
    '--run',
    place.run,
    ...signed,
  );
  expect([few.code, few.stderr]).toEqual([4, expect.stringContaining('expected 2 rows, 3 are seen')]);
  const whole = await bench.rowproof('resolve', 'd:bad_rows', 'quarantine', '--run', place.run, ...signed);
  expect([whole.code, whole.stderr]).toEqual([4, expect.stringContaining('d:bad_rows takes retry')]);
  await follow(shown, 'decide d.max_bad_rows accept --expect 3');

  // one more than was allowed: asked again, and decided by what the page of the run prints
  await bench.until(place.run, ({ undecided }) => undecided.some(({ rows }) => rows === 4));
  await withClient(temporal, async (client) => {
    const updates = await printedUpdates(client, place.run);
    expect(updates.map(({ name, message }) => [name, message['finding'] ?? message['then']])).toEqual([
      ['decide', 'd.row.raised'],
      ['decide', 'd.max_bad_rows'],
      ['abort', 'rollback'],
    ]);
    expect(await paste(client, place.run, updates[0]!)).toMatch(/d\.row\.raised: quarantine, decided by ben/);
  });
  const complete = await bench.rowproof('watch', place.run);
  expect([complete.code, complete.stdout]).toEqual([0, expect.stringContaining('COMPLETE')]);
});

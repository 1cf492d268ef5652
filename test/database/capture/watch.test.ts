import { purgeMarks } from '../../../src/postgres/queries/capture-marks';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function follow(maxMarkBytes?: number): Promise<CaptureRun> {
  run = await openCaptureRun({
    source: 'create table item (id int primary key, v text)',
    mappings: [mappingOf('item', ['id', 'v'])],
    settings: maxMarkBytes === undefined ? {} : { maxMarkBytes },
  });
  await run.capture.installCapture(run.ref);
  return run;
}

describe('watching a capture', () => {
  it('says how large the change log is, and nothing else while it is small', async () => {
    const { capture, ref, source } = await follow();
    await source.query(`insert into item values (1, 'a')`);
    const report = await capture.watchCapture(ref);
    expect(report).toEqual({ markBytes: expect.any(Number) as number, walBytes: 0, warnings: [] });
    expect(report.markBytes).toBeGreaterThan(8000);
  });

  it('warns at half of the limit with what to do', async () => {
    const { capture, ref, source } = await follow(300_000);
    await source.query(`insert into item select g, 'a' from generate_series(1, 1600) g`);
    const { warnings } = await capture.watchCapture(ref);
    expect(warnings).toEqual([expect.stringContaining('settings.capture.max_mark_bytes')]);
  });

  it('takes the triggers away at the limit, stops the lanes by name, and a resync brings all of it back', async () => {
    const { capture, ref, source, target, changes, round } = await follow(300_000);
    await source.query(`insert into item select g, 'a' from generate_series(1, 5000) g`);
    await expect(capture.watchCapture(ref)).rejects.toMatchObject({ code: 'RP5309' });
    expect(await source.query(`select from pg_trigger where tgname like 'rowproof%'`)).toEqual([]);
    expect(await source.query(`select from ${changes}`)).toEqual([]);
    const lanes = await target.query<{ state: string; reason: string }>('select state, reason from rowproof.lane');
    expect(lanes.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    expect(lanes[0]?.reason).toContain('reached its limit');
    expect((await round()).stop).toContain('is gone');
    expect(await capture.resyncCapture(ref, 'dba', 'more disk')).toEqual({ relations: 1 });
    expect((await round()).stop).toBeNull();
  });

  it('purges marks that the cursor has seen and that are older than the horizon, and no others', async () => {
    const { source, round, onSource, name, target, changes } = await follow();
    await source.query(`insert into item values (1, 'a')`);
    await source.query(`update ${changes} set at = at - interval '1 hour'`);
    await round();
    await source.query(`insert into item values (2, 'a')`);
    await round();
    await source.query(`insert into item values (3, 'a')`);
    const [cursor] = await target.query<{ snapshot: string }>('select snapshot from rowproof.cursor');
    const options = { horizonSeconds: 600, atMost: 10, beat: () => undefined };
    const gone = await onSource((session) => purgeMarks(session, name, cursor?.snapshot ?? '', options));
    expect(gone).toBe(1);
    expect(await source.query(`select new_key from ${changes} order by seq`)).toEqual([
      { new_key: '["2"]' },
      { new_key: '["3"]' },
    ]);
  });
});

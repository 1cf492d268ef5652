import { chooseWindow, openSnapshot, type SourceWindow } from '../../../src/engine/follow/change-window';
import { readCursors } from '../../../src/postgres/ledger/follow/cursor';
import { purgeTable } from '../../../src/postgres/queries/capture/name';
import { purgeChanges } from '../../../src/postgres/queries/capture/purge';
import { mappingOf, openCaptureRun, type CaptureRun } from './capture-run';

let run: CaptureRun | undefined;
afterEach(async () => {
  await run?.drop();
  run = undefined;
});

async function follow(maxChangeLogBytes?: number): Promise<CaptureRun> {
  run = await openCaptureRun({
    source: 'create table item (id int primary key, v text)',
    mappings: [mappingOf('item', ['id', 'v'])],
    settings: maxChangeLogBytes === undefined ? {} : { maxChangeLogBytes },
  });
  await run.capture.installCapture(run.ref);
  return run;
}

describe('watching a capture', () => {
  it('says how large the change log is, and nothing else while it is small', async () => {
    const { capture, ref, source } = await follow();
    await source.query(`insert into item values (1, 'a')`);
    const report = await capture.monitorCapture({ ref });
    const changeLogBytes = expect.any(Number) as number;
    expect(report).toEqual({ changeLogBytes, walBytes: 0, warnings: [], asked: true, over: false });
    expect(report.changeLogBytes).toBeGreaterThan(8000);
  });

  it('warns at half of the limit with what to do', async () => {
    const { capture, ref, source } = await follow(300_000);
    await source.query(`insert into item select g, 'a' from generate_series(1, 1600) g`);
    const { warnings } = await capture.monitorCapture({ ref });
    expect(warnings).toEqual([expect.stringContaining('settings.capture.max_change_log')]);
  });

  it('takes the triggers away at the limit, stops the leases by name, and a resync brings all of it back', async () => {
    const { capture, ref, source, target, changes, round } = await follow(300_000);
    await source.query(`insert into item select g, 'a' from generate_series(1, 5000) g`);
    await expect(capture.monitorCapture({ ref })).rejects.toMatchObject({ code: 'RP5309' });
    expect(await source.query(`select from pg_trigger where tgname like 'rowproof%'`)).toEqual([]);
    expect(await source.query(`select from ${changes}`)).toEqual([]);
    const leases = await target.query<{ state: string; reason: string }>(
      'select state, reason from rowproof.apply_lease',
    );
    expect(leases.map(({ state }) => state)).toEqual(['stopped', 'stopped']);
    expect(leases[0]?.reason).toContain('reached its limit');
    expect((await round()).stop).toContain('reached its limit');
    expect(await capture.resyncCapture({ ref, by: 'dba', reason: 'more disk' })).toEqual({ relations: 1 });
    expect((await round()).stop).toBeNull();
  });

  const options = { horizonSeconds: 600, atMost: 10, heartbeat: () => undefined };

  async function cursorOf({ target }: CaptureRun): Promise<string> {
    const [cursor] = await target.query<{ snapshot: string }>('select snapshot from rowproof.cursor');
    return (cursor as { snapshot: string }).snapshot;
  }

  /** Purges by the cursor as it is now; notes of earlier looks are made an hour old before. */
  async function purgeLater(run: CaptureRun): Promise<number> {
    await run.source.query(`update ${purgeTable(run.name)} set at = at - interval '1 hour'`);
    const cursor = await cursorOf(run);
    return run.onSource((session) => purgeChanges(session, run.name, cursor, options));
  }

  /** Rounds until no transaction that is open elsewhere on the server keeps the cursor from being past every mark. */
  async function roundPastAll({ round, source, changes, ...run }: CaptureRun): Promise<void> {
    for (;;) {
      await round();
      const [row] = await source.query<{ past: boolean }>(
        `select pg_snapshot_xmin($1::pg_snapshot) > max(xid::text::numeric)::text::xid8 as past from ${changes}`,
        [await cursorOf({ round, source, changes, ...run })],
      );
      if (row?.past === true) return;
    }
  }

  it('purges what a cursor of the horizon ago had consumed, however old changes are', async () => {
    const run = await follow();
    const { source, changes } = run;
    await source.query(`insert into item values (1, 'a')`);
    await source.query(`update ${changes} set at = at - interval '1 hour'`);
    await roundPastAll(run);
    // consumed a moment ago
    expect(await purgeLater(run)).toBe(0);
    await source.query(`insert into item values (2, 'a')`);
    await roundPastAll(run);
    await source.query(`insert into item values (3, 'a')`);
    expect(await purgeLater(run)).toBe(1);
    const left = await source.query<{ new_key: string }>(`select new_key from ${changes} order by seq`);
    expect(left.map(({ new_key }) => new_key)).toEqual(['["2"]', '["3"]']);
  });

  it('stops by name when the target comes back with a cursor of which marks were purged, and a resync reads all', async () => {
    const run = await follow();
    const { source, target, onLedger, onSource, loaded, ref, capture } = run;
    const window = (): Promise<SourceWindow> =>
      onLedger((ledger) =>
        onSource(async (session) =>
          chooseWindow({
            host: {},
            run: loaded,
            source: 'legacy',
            session,
            target: ledger,
            cursors: await readCursors(ledger, loaded.run),
            snapshot: await openSnapshot(session),
            limit: 100,
            signal: undefined,
          }),
        ),
      );
    const old = await cursorOf(run);
    await source.query(`insert into item values (1, 'a')`);
    await roundPastAll(run);
    expect(await purgeLater(run)).toBe(0);
    expect(await purgeLater(run)).toBe(1);
    expect((await window()).check.stop).toBeNull();
    await target.query('update rowproof.cursor set snapshot = $1', [old]);
    const stopped = await window();
    expect(stopped.check.stop).toContain('were purged');
    expect(stopped).toMatchObject({ keys: [], moveTo: null, complete: false });
    expect(await capture.resyncCapture({ ref, by: 'dba', reason: 'target was restored' })).toEqual({ relations: 1 });
    const again = await window();
    expect(again.check.stop).toBeNull();
    expect(again.keys).toEqual([expect.objectContaining({ relation: 1, key: null })]);
  });
});

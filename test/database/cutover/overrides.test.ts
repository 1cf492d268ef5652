import { setTimeout as sleep } from 'node:timers/promises';
import { cutoverSteps } from '../../../src/engine/cutover/steps';
import { openCutoverRun, proveAll, sqlstateOf, type CutoverRun } from './cutover-fixture';

const limitMs = 2_000;

describe('settings that come with the approval of a cutover', () => {
  let run: CutoverRun;
  beforeEach(async () => {
    run = await openCutoverRun({ cutover: { books: 'frozen', maxFreezeMs: limitMs } });
  });
  afterEach(() => run.drop());

  /** Its proof under the barrier alone takes longer than the plan's limit. */
  const slow = () =>
    run.with({
      proveTouched: async (...all) => {
        await sleep(limitMs + 500);
        return cutoverSteps.proveTouched(...all);
      },
    });
  const attempt = (drill: boolean, overrides?: { maxFreezeMs?: number; books?: 'frozen' | 'aligned' }) =>
    slow().cutOver({ ref: run.ref, drill, by: 'ben', ...(overrides === undefined ? {} : { overrides }) });

  it('let an attempt or a drill through that the freeze limit of the plan stops, without a new run', async () => {
    expect(await attempt(true)).toMatchObject({
      outcome: 'deadline',
      limits: { maxFreezeMs: limitMs, books: 'frozen', overridden: [] },
    });
    expect(await attempt(true, { maxFreezeMs: 60_000 })).toMatchObject({
      outcome: 'drilled',
      limits: { maxFreezeMs: 60_000, books: 'frozen', overridden: ['max_freeze'] },
    });
    // they hold for their attempt alone
    expect(await attempt(false)).toMatchObject({ outcome: 'deadline' });
    expect(await sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'))).toBe('done');
    expect(await attempt(false, { maxFreezeMs: 60_000, books: 'aligned' })).toMatchObject({ outcome: 'frozen' });
    // asked again, it says what the freeze was made by
    expect(await attempt(false)).toMatchObject({
      outcome: 'frozen',
      limits: { overridden: ['max_freeze', 'books'] },
    });
  });

  it('are in the ledger, its events and the verdict with who approved them, and leave the plan and its digest alone', async () => {
    const digest = 'select digest, compiled::text as compiled from rowproof.run';
    const before = await run.target.query(digest);
    expect(await proveAll(run)).toBe(true);
    expect(await attempt(false, { maxFreezeMs: 60_000, books: 'aligned' })).toMatchObject({ outcome: 'frozen' });
    const limits = { maxFreezeMs: 60_000, books: 'aligned', overridden: ['max_freeze', 'books'] };
    expect(
      await run.target.query(`select detail -> 'limits' as limits, detail ->> 'books' as books from rowproof.cutover`),
    ).toEqual([{ limits, books: 'aligned' }]);
    expect(
      await run.target.query(
        `select kind, body -> 'limits' as limits from rowproof.event where kind in ('cutover', 'cutover started') order by seq`,
      ),
    ).toEqual([
      { kind: 'cutover started', limits },
      { kind: 'cutover', limits },
    ]);
    await run.cutover.openTarget(run.ref);
    expect(await proveAll(run, [])).toBe(true);
    const [verdict] = await run.target.query<{ sentence: string }>('select sentence from rowproof.verdict');
    expect(verdict?.sentence).toContain('both sides counted right before the freeze');
    expect(verdict?.sentence).toContain('max_freeze 60 s and books aligned were set by ben with the approval');
    expect(await run.target.query(digest)).toEqual(before);
  });
});

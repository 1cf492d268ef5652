import { readRunEnd } from '../../../src/postgres/ledger/run/run-end';
import { closeRun, loadRunSummary } from '../../../src/postgres/ledger/run/run';
import { setPhase } from '../../../src/postgres/ledger/run/phase';
import { stoppedWriters, releasedFirst } from '../../../src/progress/stopped-writers';
import { waysOut } from '../../../src/progress/ways-out';
import { openCutoverRun, sqlstateOf } from './cutover-fixture';
import { finishRun } from '../../../src/engine/rollback/roll-back';

it('A freeze that was lifted before the target of big_bang is open leaves the rollback alone, which works', async () => {
  const run = await openCutoverRun({ capture: 'none', copied: false, settings: { pattern: 'big_bang' } });
  const session = await run.databases.ledger(run.ref, 'test');
  const ways = async (): Promise<string[]> =>
    waysOut(await readRunEnd(session, run.ref.run)).map(({ command }) => command);
  try {
    await setPhase(session, run.ref.run, 'freeze', 'started');
    expect(await run.cutover.freezeSource({ ref: run.ref, by: 'ben' })).toMatchObject({ outcome: 'frozen' });
    await setPhase(session, run.ref.run, 'freeze', 'finished');
    const undo = `rowproof rollback ${run.ref.run} --by YOU --reason WHY`;
    const lift = `rowproof finish ${run.ref.run} --release-freeze`;
    expect(await ways()).toEqual([`rowproof run ${run.ref.run}`, undo, lift]);
    // what the run said as it ended names the freeze; once that is lifted it says what is true then
    const left = await run.cutover.freezeState(run.ref);
    const ended = `Cancelled. ${stoppedWriters(left, run.ref)}`;
    await closeRun(session, run.ref.run, 'aborted', ended);
    const finished = await finishRun(run, run.ref, true);
    expect(finished).toMatchObject({ removed: false, needed: true });
    expect(await sqlstateOf(run.source.query('update accounts set balance = 9 where id = 9'))).toBe('done');
    expect(await ways()).toEqual([undo]);
    const { sentence } = await loadRunSummary(session, run.ref.run);
    expect(sentence).toBe(`Cancelled. ${releasedFirst(run.ref.run)}`);
    expect(await run.cutover.freezeState(run.ref)).toMatchObject({ opened: false, whole: false });
    expect(await run.rollBack()).toMatchObject({ equal: true });
  } finally {
    await session.close();
    await run.drop();
  }
});

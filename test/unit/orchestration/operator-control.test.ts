import type { Command } from '../../../src/contract/command';
import {
  abortUnwritten,
  abortWritten,
  carriedOut,
  drillAnswered,
  gateOpened,
  holds,
  newOperatorState,
  recordOf,
  refusalOf,
  type OperatorState,
} from '../../../src/orchestration/operator-control';
import { newView, withBlocked, type RunView } from '../../../src/progress/run-view';

const at = '2026-11-30T12:34:56.000Z';
const who = { by: 'ana', reason: 'because' };
const view: RunView = { ...newView(at, 'crm'), code: '7f3a-91c2' };
const approve: Command = { name: 'approve', message: { gate: 'copy', code: '7f3a-91c2', ...who } };
const abort = { name: 'abort', message: { ...who, then: 'rollback' } } as const;
const pause: Command = { name: 'pause', message: {} };
const resume: Command = { name: 'resume', message: who };
const drill: Command = { name: 'drill', message: who };

const refused = (state: Partial<OperatorState>, command: Command, seen = view): string | null =>
  refusalOf({ state: { ...newOperatorState, opening: false, ...state }, view: seen, approvers: {} }, command);
const done = (state: Partial<OperatorState>, command: Command, seen = view) =>
  carriedOut({ state: { ...newOperatorState, opening: false, ...state }, view: seen }, command, 'id-1', at);

describe('commands of operators', () => {
  it('are refused while the run is being opened, all but `pause` and `abort`', () => {
    const situation = { state: newOperatorState, view, approvers: null };
    for (const command of [approve, resume, drill])
      expect(refusalOf(situation, command)).toContain('is still being opened');
    expect([pause, abort].map((command) => refusalOf(situation, command))).toEqual([null, null]);
  });

  it('say who, why and what in the ledger, and once done are the event of their kind', () => {
    expect(recordOf(approve, 'id-1', 'accepted')).toEqual({
      id: 'id-1',
      name: 'approve',
      kind: 'approved',
      state: 'accepted',
      body: { gate: 'copy', by: 'ana', reason: 'because', code: '7f3a-91c2' },
    });
    expect(recordOf(pause, 'id-2', 'done')).toMatchObject({ kind: 'paused', body: { by: 'someone' } });
    expect(recordOf(abort, 'id-3', 'done').body).toEqual({ by: 'ana', reason: 'because', then: 'rollback' });
  });

  it('an approval opens its gate once, and only while the gate waits', () => {
    expect(refused({}, approve)).toContain('No gate waits');
    const state = gateOpened(newOperatorState, ['copy']);
    expect(refused(state, approve)).toBeNull();
    const step = done(state, approve);
    expect(step).toMatchObject({ answer: 'copy approved by ana.', effects: [], state: { approval: { gate: 'copy' } } });
    expect(refused(step.state, approve)).toBe('copy is approved already.');
  });

  it('`pause` and `resume` hold and let go, each once', () => {
    const paused = done({}, pause);
    expect(paused).toMatchObject({ state: { paused: true }, effects: [{ do: 'hold', paused: true }] });
    expect(refused(paused.state, pause)).toBe('The run is paused already.');
    expect(refused({}, resume)).toBe('The run is not paused.');
    expect(done(paused.state, resume)).toMatchObject({
      state: { paused: false },
      effects: [{ do: 'hold', paused: false }],
      answer: 'The run goes on.',
    });
  });

  it('`abort` cancels what runs; where the ledger is away it holds, and cancels once the ledger has it', () => {
    expect(refused({}, abort)).toBe('Nothing is running that could be aborted now.');
    expect(refused({ working: true, forward: true }, abort)).toContain('only goes forward');
    expect(done({ working: true }, abort)).toMatchObject({ effects: [{ do: 'cancel' }], state: { abort: who } });

    const state = { ...newOperatorState, working: true };
    const unwritten = abortUnwritten({ state, view }, abort.message, at);
    expect(unwritten).toMatchObject({
      state: { abort: null, abortWaits: who },
      effects: [{ do: 'hold', paused: true }],
    });
    expect(unwritten.answer).toContain('undoing begins once it can');
    expect(unwritten.view.sentence).toBe(unwritten.answer);
    expect(holds(unwritten.state)).toBe(true);
    expect(refused(unwritten.state, abort)).toContain('waits for the ledger');
    expect(refused({ ...unwritten.state, paused: true }, resume)).toContain('waits for the ledger');
    const written = abortWritten({ state: unwritten.state, view }, at);
    expect(written).toMatchObject({ state: { abort: who, abortWaits: null }, effects: [{ do: 'cancel' }] });
    expect(holds(written.state)).toBe(false);
  });

  it('an abort that the ledger gets after the opening comes too late, and the run goes on', () => {
    const state = { ...newOperatorState, working: true, forward: true, abortWaits: abort.message };
    expect(abortWritten({ state, view }, at)).toMatchObject({
      state: { abort: null, abortWaits: null },
      effects: [{ do: 'hold', paused: false }],
      view: { sentence: 'The target was open before the abort; the run goes on.' },
    });
  });

  it('a drill is answered once it is over, and no other begins meanwhile', () => {
    const following = { ...view, phase: 'cutover' as const };
    const step = done({ drillsOpen: true }, drill, following);
    expect(step.answer).toBeNull();
    expect(refused(step.state, drill, following)).toBe('A drill is under way already.');
    const answered = drillAnswered(step.state, 'Writers waited for 0.4 s.');
    expect(answered).toMatchObject({ drill: null, drillAnswer: { id: 'id-1', sentence: 'Writers waited for 0.4 s.' } });
    expect(drillAnswered(answered, 'again')).toBe(answered);
    expect(refused(answered, drill, following)).toBeNull();
  });

  it('a decision takes its findings off the page, and lets the tables look again that wait for it', () => {
    const finding = {
      id: 'orders.day.bad_date',
      mapping: 'orders',
      column: 'day',
      kind: 'bad_date',
      severity: 'decide' as const,
    };
    const asked = { ...finding, rows: 3, sentence: 's', choices: ['quarantine'], decided: null };
    const blocked = { what: 'orders:bad_rows', mapping: 'orders', ordinal: 0, why: 'too many' };
    const seen = { ...withBlocked(view, blocked, [asked]), undecided: [asked] };
    const step = done({}, { name: 'decide', message: { finding: finding.id, do: 'quarantine', ...who } }, seen);
    expect(step.view.undecided).toEqual([]);
    expect(step.state.decisions).toBe(1);
    const resolution = { what: 'orders:bad_rows', do: 'retry', ...who };
    expect(step.effects).toEqual([{ do: 'resolve', resolutions: [resolution] }]);
  });

  it('`resolve` of all reaches each blocked batch by its name', () => {
    const first = { what: 'orders:1', mapping: 'orders', ordinal: 1, why: 'x' };
    const seen = withBlocked(withBlocked(view, first), { ...first, what: 'orders:2', ordinal: 2 });
    const step = done({}, { name: 'resolve', message: { what: '*', do: 'retry', ...who } }, seen);
    expect(step.answer).toBe('2 blocked batches: retry.');
    expect(step.effects).toMatchObject([{ resolutions: [{ what: 'orders:1' }, { what: 'orders:2' }] }]);
  });
});

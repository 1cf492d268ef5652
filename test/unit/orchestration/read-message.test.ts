import { progressReport, resolution } from '../../../src/contract/batch-copy';
import { readMessage } from '../../../src/orchestration/read-message';
import { currentDetails } from '../../../src/progress/current-details';
import { newView, withAlarm } from '../../../src/progress/run-view';

const table = {
  mapping: 'orders',
  estimatedRows: 10,
  batches: 2,
  batchesDone: 1,
  inFlight: 0,
  migrated: 5,
  quarantined: 0,
  outOfScope: 0,
  state: 'running',
};

describe('a message between workflows', () => {
  it('is read although it has fields that nobody here knows, at any depth', () => {
    const delta = {
      rounds: 1,
      keys: 2,
      lag: { changes: 0, seconds: 0, walBytes: 0, later: 1 },
      pending: 0,
      caughtUp: true,
      quarantined: 0,
    };
    const follow = { delta: { ...delta, throttled: null, newFindings: [], later: {} }, later: 'x' };
    const read = readMessage(progressReport, { table: { ...table, later: [1] }, follow, later: true }, 'progress');
    expect(read).toEqual({
      message: {
        table,
        follow: { delta: { ...delta, lag: { changes: 0, seconds: 0, walBytes: 0 }, throttled: null, newFindings: [] } },
      },
    });
  });

  it('that cannot be read is an alarm that names fields and no values', () => {
    const read = readMessage(progressReport, { table: { ...table, batchesDone: 'secret' } }, 'progress');
    expect(read).toEqual({ alarm: expect.stringContaining('`progress`') as string });
    expect(read).toEqual({ alarm: expect.stringContaining('table.batchesDone') as string });
    expect(JSON.stringify(read)).not.toContain('secret');
    expect(readMessage(resolution, 'orders:1', 'resolution')).toHaveProperty('alarm');
  });

  it('stands as an alarm on the page, once', () => {
    const view = newView('2026-11-30T12:00:00.000Z', 'crm');
    const alarmed = withAlarm(
      withAlarm(withAlarm(view, 'A cannot be read.'), 'B cannot be read.'),
      'A cannot be read.',
    );
    expect(alarmed.alarms).toEqual(['B cannot be read.', 'A cannot be read.']);
    expect(currentDetails(alarmed)).toContain('**ALARM** A cannot be read.');
  });
});

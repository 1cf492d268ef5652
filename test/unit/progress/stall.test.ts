import { currentDetails } from '../../../src/progress/current-details';
import { inPhase, newView, withStalled } from '../../../src/progress/run-view';
import { stallSentence } from '../../../src/progress/stall';

const idle = { event: 'Client/ClientRead', active: false, lock: null, blockers: [] };
const works = { ...idle, event: null, active: true };
const reads = { ...works, event: 'IO/DataFileRead' };
const locked = { ...works, event: 'Lock/relation', lock: 'ShareLock on shop.orders', blockers: ['4711 (psql)'] };

describe('work that does not move', () => {
  it.each([
    [
      [
        { side: 'source old', waits: [reads] },
        { side: 'the target', waits: [locked] },
      ],
      'the target waits for ShareLock on shop.orders, held by 4711 (psql).',
    ],
    [[{ side: 'the target', waits: [idle, reads] }], 'the target waits (IO/DataFileRead).'],
    [
      [
        { side: 'the target', waits: [idle] },
        { side: 'source old', waits: [works] },
      ],
      'source old works on its statement and waits for nothing.',
    ],
    [[{ side: 'the target', waits: [idle] }], 'the databases wait for the worker.'],
    [[{ side: 'the target', waits: [], unreachable: true as const }], 'the target does not answer.'],
  ])('says what it waits for: %#', (sides, waits) => {
    expect(stallSentence('copy orders:3', 300_000, sides)).toBe(`copy orders:3 has not moved for 5 min: ${waits}`);
  });

  it('stands on the page until it moves, or another phase begins', () => {
    const view = inPhase(newView('2026-11-30T12:00:00.000Z', 'crm'), 'copy', 'copying');
    const stalled = withStalled(view, { what: 'copy orders:3', sentence: 'copy orders:3 has not moved for 5 min: x.' });
    expect(currentDetails(stalled)).toContain('- copy orders:3 has not moved for 5 min: x.');
    expect(withStalled(stalled, { what: 'copy orders:3', sentence: null }).stalled).toEqual([]);
    expect(inPhase(stalled, 'copy', 'copying').stalled).toHaveLength(1);
    expect(inPhase(stalled, 'settle', 'settling').stalled).toEqual([]);
  });
});

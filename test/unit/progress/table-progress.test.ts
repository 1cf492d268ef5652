import type { TableProgress } from '../../../src/contract/run';
import { reportSteps, worthShowing } from '../../../src/progress/table-progress';

const table = (batchesDone: number, batches: number): TableProgress =>
  ({ batches, batchesDone, state: batchesDone === batches ? 'done' : 'running' }) as TableProgress;

function reports(batches: number, steps: number): number {
  let shown: TableProgress | undefined;
  let count = 0;
  for (let done = 0; done <= batches; done += 1) {
    const now = table(done, batches);
    if (!worthShowing(shown, now, steps)) continue;
    shown = now;
    count += 1;
  }
  return count;
}

describe('what the root hears of the tables', () => {
  it('is the beginning, every twentieth and the end of each of a few tables', () => {
    expect(reports(1000, reportSteps(3))).toBe(21);
    expect(reports(2, reportSteps(3))).toBe(3);
  });

  it.each([1, 15, 40, 76, 100, 150, 301, 400, 1_000, 5_000])(
    'is some 600 events with %i tables of 1,000 batches',
    (tables) => {
      const steps = reportSteps(tables);
      const together = steps < 0 ? -steps : 1;
      expect((4 * tables * reports(1000, steps)) / together).toBeLessThan(620);
    },
  );

  it('is at least the end of every table', () => {
    expect(reports(1000, reportSteps(5_000))).toBe(1);
  });
});

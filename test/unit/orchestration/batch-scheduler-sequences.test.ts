import fc from 'fast-check';
import type { BatchCopyInput } from '../../../src/contract/batch-copy';
import {
  endOf,
  schedule,
  type SchedulerCommand,
  type SchedulerEvent,
} from '../../../src/orchestration/batch-scheduler';
import { newScheduler, type SchedulerState } from '../../../src/orchestration/scheduler-state';

/** A ledger, an operator and workers that take commands of a scheduler in any order. */
class World {
  readonly receipts = new Map<string, number>();
  readonly blocked = new Set<string>();
  private readonly open: SchedulerCommand[] = [];
  private readonly asked = new Set<string>();
  private readonly answeredEarly = new Set<string>();
  private state: SchedulerState;
  private input: BatchCopyInput;
  private paused = false;
  executions = 1;
  done = false;

  constructor(
    private readonly tables: readonly number[],
    inFlight: number,
  ) {
    const mappings = tables.map((_, at) => `t${at}`);
    const ref = { run: 'r', ledger: 'env:L' };
    this.input = { ref, mappings, inFlight, parent: 'r', searchAttributes: false, reports: 3 };
    this.state = newScheduler(this.input);
    this.happen({ is: 'begun' });
  }

  private happen(event: SchedulerEvent): void {
    const commands = schedule(this.state, event);
    for (const command of commands) {
      if (command.do === 'copy') {
        expect(this.paused).toBe(false);
        expect(this.blocked.has(command.what)).toBe(false);
        expect(this.open.some((other) => other.do === 'copy' && other.what === command.what)).toBe(false);
        const own = [...this.asked].filter((what) => what === `${command.mapping}:bad_rows`);
        expect(own).toEqual([]);
      }
      if (command.do === 'report') this.hear(command);
      else if (command.do !== 'show' && command.do !== 'notify') this.open.push(command);
    }
    expect(this.underWay()).toBeLessThanOrEqual(this.input.inFlight);
    this.continueAsNew();
  }

  private hear({ report }: SchedulerCommand & { do: 'report' }): void {
    if (report.blocked !== undefined) this.asked.add(report.blocked.what);
    if (report.unblocked !== undefined) expect(this.asked.delete(report.unblocked)).toBe(true);
  }

  private continueAsNew(): void {
    const end = endOf(this.state);
    if (end === null) return;
    expect(this.open).toEqual([]);
    if (end === 'done') {
      this.done = true;
      return;
    }
    this.executions += 1;
    this.input = { ...this.input, ...end };
    expect([...this.blocked].sort()).toEqual([...(end.blocked ?? [])].sort());
    this.state = newScheduler(this.input);
    this.happen({ is: 'begun' });
  }

  private underWay(): number {
    return this.open.filter((command) => command.do === 'copy').length;
  }

  /** Ends the command at a place of those that are open. `luck`: below 0.2 it goes wrong. */
  complete(at: number, luck: number): void {
    const [command] = this.open.splice(at % Math.max(1, this.open.length), 1);
    if (command !== undefined) this.happen(this.outcomeOf(command, luck));
  }

  private outcomeOf(command: SchedulerCommand, luck: number): SchedulerEvent {
    switch (command.do) {
      case 'plan':
        return { is: 'planned' };
      case 'read page': {
        const { mapping, limit } = command;
        const batches = this.tables[Number(mapping.slice(1))] as number;
        const all = Array.from({ length: batches }, (_, ordinal) => ordinal);
        const ordinals = all.filter((ordinal) => !this.receipts.has(`${mapping}:${ordinal}`)).slice(0, limit);
        const rows = { migrated: 0, quarantined: 0, outOfScope: 0 };
        return { is: 'page read', page: { ordinals, batches, done: batches - ordinals.length, ...rows } };
      }
      case 'copy': {
        const { what, mapping, ordinal } = command;
        if (luck < 0.2 && command.order?.do !== 'quarantine') return { is: 'failed', what, why: 'It failed.' };
        this.receipts.set(what, (this.receipts.get(what) ?? 0) + 1);
        const overLimit = luck > 0.95 ? { overLimit: true as const } : {};
        const rows = { migrated: 1, quarantined: 0, outOfScope: 0, bytes: 1 };
        return { is: 'copied', what, receipt: { mapping, ordinal, path: 'fast', ...rows, ...overLimit } };
      }
      case 'record block':
        if (!this.answeredEarly.delete(command.block.what)) this.blocked.add(command.block.what);
        return { is: 'block recorded', block: command.block };
      case 'look at limit':
        return {
          is: 'limit looked at',
          mapping: command.mapping,
          over: luck < 0.2 ? { why: 'Too many.', findings: [] } : null,
        };
      default:
        throw new Error(command.do);
    }
  }

  pause(paused: boolean): void {
    this.paused = paused;
    this.happen({ is: 'paused', paused });
  }

  /** Answers one of the questions; `early`: a batch that is being blocked, before it is. */
  answer(at: number, quarantine: boolean, early: boolean): void {
    const beingBlocked = this.open.flatMap((command) => (command.do === 'record block' ? [command.block.what] : []));
    const questions = early ? beingBlocked : [...this.asked];
    const what = questions[at % Math.max(1, questions.length)];
    if (what === undefined) return;
    this.blocked.delete(what);
    const order = quarantine ? 'quarantine' : 'retry';
    if (early) this.answeredEarly.add(what);
    this.happen({ is: 'answered', answer: { what, do: order, by: 'ana', reason: '' } });
  }

  grow(): void {
    this.happen({ is: 'history is long' });
  }

  /** Everything goes well from here, and every question is answered. */
  drain(): void {
    this.pause(false);
    for (let turns = 0; !this.done && turns < 5_000; turns += 1) {
      if (this.open.length > 0) this.complete(0, 0.5);
      else this.answer(0, false, false);
    }
  }
}

const action = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('complete' as const),
      at: fc.nat(20),
      luck: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), paused: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      at: fc.nat(20),
      quarantine: fc.boolean(),
      early: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'grow' as const }) },
);

describe('the scheduler of batches, whatever happens in whatever order', () => {
  it('keeps to its slots, begins nothing while paused or blocked, hands over nothing under way, and loses no batch', () => {
    const world = fc.record({
      tables: fc.array(fc.oneof(fc.nat(8), fc.constantFrom(0, 100, 205)), { minLength: 1, maxLength: 4 }),
      inFlight: fc.integer({ min: 1, max: 6 }),
      actions: fc.array(action, { maxLength: 300 }),
    });
    fc.assert(
      fc.property(world, ({ tables, inFlight, actions }) => {
        const it = new World(tables, inFlight);
        for (const step of actions) {
          if (it.done) break;
          if (step.do === 'complete') it.complete(step.at, step.luck);
          else if (step.do === 'pause') it.pause(step.paused);
          else if (step.do === 'answer') it.answer(step.at, step.quarantine, step.early);
          else it.grow();
        }
        it.drain();
        expect(it.done).toBe(true);
        const all = tables.flatMap((batches, at) =>
          Array.from({ length: batches }, (_, ordinal) => `t${at}:${ordinal}`),
        );
        expect([...it.receipts.keys()].sort()).toEqual(all.sort());
        expect(new Set(it.receipts.values()).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

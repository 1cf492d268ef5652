import type { BatchReceipt } from '../../../src/contract/activity-types';
import type { BatchCopyInput, Resolution } from '../../../src/contract/batch-copy';
import {
  endOf,
  schedule,
  type SchedulerCommand,
  type SchedulerEvent,
} from '../../../src/orchestration/batch-scheduler';
import { newScheduler } from '../../../src/orchestration/scheduler-state';

const input: BatchCopyInput = {
  ref: { run: 'crm-1', ledger: 'env:CRM_URL' },
  mappings: ['orders'],
  inFlight: 2,
  parent: 'crm-1',
  searchAttributes: false,
};
const receipt = (what: string, overLimit?: true): BatchReceipt => ({
  mapping: what.slice(0, what.indexOf(':')),
  ordinal: Number(what.slice(what.indexOf(':') + 1)),
  migrated: 10,
  quarantined: 1,
  outOfScope: 0,
  path: 'fast',
  bytes: 100,
  ...(overLimit ? { overLimit } : {}),
});
const answer = (what: string, order: Resolution['do'] = 'retry'): SchedulerEvent => ({
  is: 'answered',
  answer: { what, do: order, by: 'ana', reason: 'looked at it' },
});
const copied = (what: string, overLimit?: true): SchedulerEvent => ({
  is: 'copied',
  what,
  receipt: receipt(what, overLimit),
});
const pageOf = (...ordinals: number[]): SchedulerEvent => ({
  is: 'page read',
  page: { ordinals, batches: 10, done: 0, migrated: 0, quarantined: 0, outOfScope: 0 },
});
const within: SchedulerEvent = { is: 'limit looked at', mapping: 'orders', over: null };
const over: SchedulerEvent = { is: 'limit looked at', mapping: 'orders', over: { why: 'Too many.', findings: [] } };

/** Commands of a scheduler, one line each; the last event's. */
function play(from: Partial<BatchCopyInput>, ...events: SchedulerEvent[]): { said: string[]; end: unknown } {
  const state = newScheduler({ ...input, ...from });
  let commands = schedule(state, { is: 'begun' });
  for (const event of events) commands = schedule(state, event);
  return { said: commands.filter((command) => command.do !== 'show').map(line), end: endOf(state) };
}

function line(command: SchedulerCommand): string {
  switch (command.do) {
    case 'copy':
      return `${command.order?.do ?? 'copy'} ${command.what}`;
    case 'record block':
      return `record ${command.block.what}`;
    case 'report': {
      const { blocked, unblocked, table } = command.report;
      return `report ${blocked?.what ?? unblocked ?? table?.state ?? `${command.report.tables?.length} tables`}`;
    }
    case 'notify':
      return `notify ${command.sentence}`;
    case 'show':
      return command.sentence;
    default:
      return `${command.do} ${command.mapping}`;
  }
}

/** A batch of `orders` that is blocked. */
function block(ordinal: number): SchedulerEvent[] {
  const what = `orders:${ordinal}`;
  return [
    { is: 'failed', what, why: 'It is locked.' },
    { is: 'block recorded', block: { what, mapping: 'orders', ordinal, why: 'It is locked.' } },
  ];
}

describe('the scheduler of batches', () => {
  it('plans a mapping, begins as many of its batches as there are slots, and looks at its limit at the end', () => {
    expect(play({}).said).toEqual(['plan orders']);
    expect(play({}, { is: 'planned' }).said).toEqual(['read page orders']);
    const begun = [{ is: 'planned' }, pageOf(1, 2, 3)] as const;
    expect(play({}, ...begun).said).toEqual(['report running', 'copy orders:1', 'copy orders:2']);
    expect(play({}, ...begun, copied('orders:1')).said).toEqual(['report running', 'copy orders:3']);
    const through = [...begun, copied('orders:1'), copied('orders:2'), copied('orders:3')];
    expect(play({}, ...through).said).toEqual(['report running', 'read page orders']);
    expect(play({}, ...through, pageOf()).said).toEqual(['report done', 'look at limit orders']);
    expect(play({}, ...through, pageOf(), within)).toEqual({ said: [], end: 'done' });
  });

  it('goes on to the next mapping once a page is under way, so that a blocked batch holds up no other table', () => {
    const from = { mappings: ['orders', 'items'] };
    const begun = [{ is: 'planned' }, pageOf(1, 2)] as const;
    expect(play(from, ...begun).said).toContain('plan items');
    expect(play({ ...from, inFlight: 1 }, ...begun).said).not.toContain('plan items');
    expect(play({ ...from, inFlight: 1 }, ...begun, { is: 'failed', what: 'orders:1', why: 'Locked.' }).said).toEqual([
      'record orders:1',
      'copy orders:2',
      'plan items',
    ]);
  });

  it('asks about a batch that failed for good, and does what is answered', () => {
    const begun: SchedulerEvent[] = [{ is: 'planned' }, pageOf(1)];
    expect(play({}, ...begun, ...block(1)).said).toEqual([
      'report orders:1',
      'notify orders:1 is blocked: It is locked.',
    ]);
    expect(play({}, ...begun, ...block(1), answer('orders:1', 'quarantine')).said).toEqual([
      'report orders:1',
      'quarantine orders:1',
      'read page orders',
    ]);
  });

  it('keeps an answer that arrives before the question', () => {
    const [failed, recorded] = block(1) as [SchedulerEvent, SchedulerEvent];
    const early = [{ is: 'planned' }, pageOf(1), failed, answer('orders:1')] as const;
    expect(play({}, ...early).said).toEqual([]);
    expect(play({}, ...early, recorded).said).toContain('retry orders:1');
  });

  it('holds a mapping back after five failures in a row, until one of them is resolved', () => {
    const begun = [{ is: 'planned' }, pageOf(1, 2, 3, 4, 5, 6, 7)] as const;
    const four = [1, 2, 3, 4].flatMap(block);
    expect(play({ inFlight: 1 }, ...begun, ...four.slice(0, -1)).said).toContain('copy orders:5');
    const held = [...begun, ...four, ...block(5)];
    expect(play({ inFlight: 1 }, ...held.slice(0, -1)).said).not.toContain('copy orders:6');
    expect(play({ inFlight: 1 }, ...held, answer('orders:2')).said).toContain('copy orders:6');
    expect(play({ inFlight: 1 }, ...held, { is: 'history is long' }).end).toMatchObject({
      blocked: [1, 2, 3, 4, 5].map((ordinal) => `orders:${ordinal}`),
    });
  });

  it('parks a mapping over its limit: no batch begins until a look finds it within', () => {
    const parked: SchedulerEvent[] = [{ is: 'planned' }, pageOf(1, 2, 3), copied('orders:1', true)];
    expect(play({}, ...parked).said).toEqual(['look at limit orders', 'report running']);
    expect(play({}, ...parked, over).said).toEqual(['report orders:bad_rows', 'notify Too many.']);
    expect(play({}, ...parked, over, answer('orders:bad_rows')).said).toEqual(['look at limit orders']);
    expect(play({}, ...parked, over, answer('orders:bad_rows'), over).said).toContain('report orders:bad_rows');
    expect(play({}, ...parked, over, answer('orders:bad_rows'), within).said).toEqual([
      'report orders:bad_rows',
      'copy orders:3',
      'read page orders',
    ]);
  });

  it('begins nothing while it is paused; what is under way ends', () => {
    const paused = [{ is: 'planned' }, pageOf(1, 2, 3), { is: 'paused', paused: true }, copied('orders:1')] as const;
    expect(play({}, ...paused).said).toEqual(['report running']);
    expect(play({}, ...paused, { is: 'paused', paused: false }).said).toEqual(['copy orders:3']);
  });

  it('hands over blocked batches whose turn has not come again, with answers that came early', () => {
    const from = { blocked: ['orders:1', 'orders:2'], overLimit: ['orders'] };
    const parked = [{ is: 'planned' }, answer('orders:2'), { is: 'history is long' }, pageOf(1, 2)] as const;
    const { end } = play(from, ...parked);
    expect(end).toMatchObject({ ...from, answers: [{ what: 'orders:2', do: 'retry' }] });
    const next = play(end as Partial<BatchCopyInput>, { is: 'planned' }, pageOf(1, 2), answer('orders:bad_rows'));
    expect(next.said).toEqual(['look at limit orders']);
    const again = [{ is: 'planned' }, pageOf(1, 2), answer('orders:bad_rows'), within] as const;
    expect(play(end as Partial<BatchCopyInput>, ...again, pageOf(1, 2)).said).toEqual([
      'report orders:2',
      'retry orders:2',
      'read page orders',
    ]);
  });

  it('finishes each mapping once, also one that was to be looked at twice', () => {
    const from = { mappings: ['orders', 'items'], inFlight: 200 };
    const many = (first: number): number[] => Array.from({ length: 100 }, (_, at) => first + at);
    const ends = (first: number): SchedulerEvent[] => many(first).map((ordinal) => copied(`orders:${ordinal}`));
    const pages = [0, 100, 200].flatMap((first) => [pageOf(...many(first)), ...ends(first)]);
    const { said, end } = play(from, { is: 'planned' }, ...pages, pageOf(), within);
    expect({ said, end }).toEqual({ said: ['plan items'], end: null });
  });

  it('tells ends of many tables in groups, and the rest at the end', () => {
    const from = { mappings: ['orders', 'items'], reports: -2 };
    const one: SchedulerEvent[] = [{ is: 'planned' }, pageOf(), within];
    expect(play(from, ...one).said).toEqual(['plan items']);
    const items: SchedulerEvent[] = [{ is: 'planned' }, pageOf()];
    expect(play(from, ...one, ...items).said).toEqual(['report 2 tables', 'look at limit items']);
    expect(play({ ...from, mappings: ['orders'] }, ...one).said).toEqual(['report 1 tables']);
  });
});

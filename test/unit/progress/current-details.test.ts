import type { OpenedRun } from '../../../src/contract/activity-types';
import type { FindingSummary, TableProgress } from '../../../src/contract/run';
import { currentDetails, overallShare } from '../../../src/progress/current-details';
import {
  atGate,
  effectiveState,
  inPhase,
  newView,
  opened,
  waitingForDecisions,
  withBlocked,
  withoutBlocked,
  withTable,
  type RunView,
} from '../../../src/progress/run-view';

const run: OpenedRun = {
  ref: { run: 'crm-3', ledger: 'env:CRM_URL' },
  plan: 'crm',
  code: '7f3a-91c2',
  mappings: [
    { name: 'customer', estimatedRows: 100, estimatedBytes: 1 },
    { name: 'orders', estimatedRows: 300, estimatedBytes: 1 },
  ],
  gates: [],
  approvers: {},
  onFailure: 'ask',
  inFlight: 4,
  pattern: 'copy',
  capture: 'none',
  confirmSwitch: false,
  limits: { maxFreezeMs: 5000, maxProofAgeMs: 3_600_000 },
  verdict: null,
  finished: [],
  begun: false,
  searchAttributes: true,
  identity: 'a1b2c3',
};
const view = opened(newView('2026-01-02T03:04:05.678Z', 'crm'), run);
const progress = (mapping: string, batchesDone: number, state: TableProgress['state']): TableProgress => ({
  mapping,
  estimatedRows: 0,
  batches: 4,
  batchesDone,
  inFlight: 0,
  migrated: 1234567,
  quarantined: 8,
  outOfScope: 9,
  state,
});
const finding = (id: string): FindingSummary => ({
  id,
  mapping: 'orders',
  column: 'day',
  kind: 'bad_date',
  severity: 'decide',
  rows: 12,
  sentence: '12 rows match none of the date formats.',
  choices: ['quarantine', 'out_of_scope', 'stop'],
  decided: null,
});

function jsonBlocks(text: string): unknown[] {
  return [...text.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, json]) => JSON.parse(json ?? '') as unknown);
}

describe('the page of a run', () => {
  it('begins with the run, what it does, and when that was', () => {
    expect(currentDetails(inPhase(view, 'finish', 'rebuilding')).split('\n')[0]).toBe(
      '**crm-3** · finish · rebuilding · as of 03:04:05 UTC',
    );
  });

  it('names no plan code before there is one', () => {
    expect(currentDetails(newView('2026-01-02T03:04:05Z', 'crm'))).not.toContain('Plan code');
  });

  it('weighs the share of the copy by rows, and tells each table that moves', () => {
    const copying = withTable(
      withTable(inPhase(view, 'copy', 'copying'), progress('customer', 4, 'done')),
      progress('orders', 1, 'running'),
    );
    expect(overallShare(copying.tables)).toBe(43);
    const text = currentDetails(copying);
    expect(text).toContain('copy 43 % · copying');
    expect(text).toContain('- orders: 1 of 4 batches, 1,234,567 migrated, 8 quarantined, 9 out of scope');
    expect(text.indexOf('- orders')).toBeLessThan(text.indexOf('- customer: done'));
  });

  it('offers a JSON to paste for every finding, blocked batch and gate, on lines of at most 45 characters', () => {
    const blocked = { what: 'orders:91', mapping: 'orders', ordinal: 91, why: 'SQLSTATE 55P03.' };
    const gate = atGate(view, 'copy', 'Copy crm now?', 'waits');
    const text = currentDetails(withBlocked({ ...gate, undecided: [finding('orders.day.bad_date')] }, blocked));
    expect(text).toContain('**NEEDS YOU (3)**; the rest goes on');
    expect(jsonBlocks(text)).toEqual([
      { gate: 'copy', code: '7f3a-91c2', by: '', reason: '' },
      { finding: 'orders.day.bad_date', do: 'quarantine', expect: { rows: 12 }, by: '', reason: '' },
      { what: 'orders:91', do: 'retry', by: '', reason: '' },
    ]);
    for (const block of text.split('```json')[1]?.split('```')[0]?.split('\n') ?? []) {
      expect(block.length).toBeLessThanOrEqual(45);
    }
    expect(text).toContain('`do` is quarantine, out_of_scope or stop');
  });

  it('stays short enough for an address, however much waits', () => {
    const many = Array.from({ length: 500 }, (_, at) => finding(`orders.column_${at}.bad_date`));
    const text = currentDetails(waitingForDecisions(view, many));
    expect(encodeURIComponent(text).length).toBeLessThan(8_000);
    expect(text).toContain('… and 492 more findings; decide these first.');
    expect(currentDetails(waitingForDecisions(view, many.slice(0, 9)))).toContain('… and 1 more finding; decide');
  });
});

describe('the state operators filter by', () => {
  const blocked: RunView = withBlocked(view, { what: 'a:1', mapping: 'a', ordinal: 1, why: 'x' });

  it('is waiting before paused, and paused before blocked', () => {
    expect(effectiveState(blocked, false)).toBe('blocked');
    expect(effectiveState(blocked, true)).toBe('paused');
    expect(effectiveState(atGate(blocked, 'copy', null, 'waits'), true)).toBe('waiting');
  });

  it('is running again once the last blocked batch was resolved, and keeps a batch once however often it was blocked', () => {
    const twice = withBlocked(blocked, { what: 'a:1', mapping: 'a', ordinal: 1, why: 'y' });
    expect(twice.blocked).toEqual([{ what: 'a:1', mapping: 'a', ordinal: 1, why: 'y' }]);
    expect(effectiveState(withoutBlocked(twice, 'a:1'), false)).toBe('running');
  });

  it('stays what the run ended as', () => {
    expect(effectiveState({ ...blocked, state: 'failed' }, true)).toBe('failed');
    expect(effectiveState({ ...blocked, state: 'failed' }, false)).toBe('failed');
  });
});

import type { CompiledMapping } from '../../../src/contract/compiled';
import { classifyFailure } from '../../../src/copy/classify-failure';

const mapping = {
  name: 'orders',
  columns: [],
  uniques: [{ name: 'orders_no_key', columns: ['no'], finding: 'orders.no.unique' }],
  references: [{ constraint: 'orders_customer_fkey', columns: ['customer_id'], finding: 'orders.customer_id.orphan' }],
  checks: [{ name: 'orders_amount_check', columns: ['amount'], finding: 'orders.orders_amount_check.check' }],
} as unknown as CompiledMapping;

const target = { constraint: null, column: null, side: 'target' } as const;

test('A constraint the plan knows gives the finding that discovery gives', () => {
  expect(classifyFailure(mapping, { ...target, sqlstate: '23505', constraint: 'orders_no_key' })).toEqual({
    reason: 'duplicate',
    finding: 'orders.no.unique',
    column: 'no',
  });
  expect(classifyFailure(mapping, { ...target, sqlstate: '23503', constraint: 'orders_customer_fkey' })).toMatchObject({
    reason: 'orphan',
    finding: 'orders.customer_id.orphan',
  });
  expect(classifyFailure(mapping, { ...target, sqlstate: '23514', constraint: 'orders_amount_check' })).toMatchObject({
    reason: 'check',
    finding: 'orders.orders_amount_check.check',
  });
});

test('Anything else is named by its constraint, its column or the row', () => {
  expect(classifyFailure(mapping, { ...target, sqlstate: '23514', constraint: 'email_ok', column: 'email' })).toEqual({
    reason: 'check',
    finding: 'orders.email_ok.check',
    column: 'email',
  });
  expect(classifyFailure(mapping, { ...target, sqlstate: '22P02', column: 'payload' }).finding).toBe(
    'orders.payload.data',
  );
  expect(classifyFailure(mapping, { ...target, sqlstate: '23505', constraint: 'other' }).finding).toBe(
    'orders.other.unique',
  );
  expect(classifyFailure(mapping, { ...target, sqlstate: 'P0001' }).finding).toBe('orders.row.raised');
});

test('A row that a trigger dropped has a reason of its own', () => {
  expect(classifyFailure(mapping, { ...target, sqlstate: null, dropped: true })).toEqual({
    reason: 'dropped_by_trigger',
    finding: 'orders.row.dropped_by_trigger',
    column: null,
  });
});

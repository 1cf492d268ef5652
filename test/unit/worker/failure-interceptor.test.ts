import type { ApplicationFailure } from '@temporalio/common';
import type { ErrorCode } from '../../../src/errors/catalogue';
import { fail } from '../../../src/errors/rowproof-error';
import { safeFailure } from '../../../src/worker/failure-interceptor';

/** As pg raises it: with texts that hold values of the row. */
function serverError(code: string): Error {
  return Object.assign(new Error('value "canary" is bad'), {
    code,
    severity: 'ERROR',
    detail: 'Failing row contains (canary).',
    where: 'COPY t, line 1: "canary"',
    hint: 'canary',
    constraint: 't_check',
  });
}

function again(error: unknown): boolean {
  return (safeFailure(error) as ApplicationFailure).nonRetryable !== true;
}

test.each<ErrorCode>([
  'RP3001',
  'RP3002',
  'RP3003',
  'RP3013',
  'RP3014',
  'RP3023',
  'RP3024',
  'RP3099',
  'RP5001',
  'RP5002',
  'RP5005',
])('%s may pass, so it is tried again', (code) => {
  expect(again(fail(code, 'a sentence'))).toBe(true);
});

test.each<ErrorCode>([
  'RP3004',
  'RP3005',
  'RP3006',
  'RP3007',
  'RP3008',
  'RP3009',
  'RP3010',
  'RP3011',
  'RP3012',
  'RP3015',
  'RP3016',
  'RP3017',
  'RP3018',
  'RP3019',
  'RP3020',
  'RP3021',
  'RP3022',
  'RP5003',
  'RP5104',
  'RP7001',
])('%s stays, so it ends the activity at once', (code) => {
  expect(again(fail(code, 'a sentence'))).toBe(false);
});

test('An error of ours that a lock timeout caused is tried again', () => {
  expect(again(fail('RP5102', 'a sentence', { cause: serverError('55P03') }))).toBe(true);
});

test.each([
  ['08006', true],
  ['40001', true],
  ['40P01', true],
  ['53300', true],
  ['55P03', true],
  ['57P01', true],
  ['22012', false],
  ['23505', false],
  ['42501', false],
  ['42703', false],
  ['P0001', false],
])('SQLSTATE %s is tried again: %s', (sqlstate, expected) => {
  expect(again(serverError(sqlstate))).toBe(expected);
});

test('A lost socket is tried again', () => {
  expect(again(Object.assign(new Error('read ECONNRESET canary'), { code: 'ECONNRESET' }))).toBe(true);
});

test('Of an error of the server only SQLSTATE and names get through, also when one of ours wraps it', () => {
  for (const error of [
    serverError('23514'),
    serverError('57P01'),
    fail('RP5004', 'Batch people:1 does not add up', { cause: serverError('23514') }),
    new Error('canary'),
  ]) {
    const safe = safeFailure(error) as ApplicationFailure;
    expect(
      [safe.message, safe.type, safe.stack, safe.cause, safe.details].map((part) => JSON.stringify(part) ?? ''),
    ).toEqual(expect.not.arrayContaining([expect.stringContaining('canary')]));
    expect(safe.cause).toBeUndefined();
  }
  expect((safeFailure(serverError('23514')) as ApplicationFailure).message).toBe(
    'PostgreSQL refused a statement: check_violation (23514), constraint t_check.',
  );
});

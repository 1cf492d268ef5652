import { binaryCompatible } from '../../../src/postgres/binary-pairs';
import { refuseOldServer } from '../../../src/postgres/session-settings';
import { describeDatabaseError } from '../../../src/postgres/sqlstate';

const server = (code: string): unknown =>
  Object.assign(new Error('Key (email)=(ana@x.y)'), { code, severity: 'ERROR' });

test.each([
  ['23505', true, false, false],
  ['22P02', true, false, false],
  ['P0001', true, false, false],
  ['44000', true, false, false],
  ['54000', true, false, false],
  ['40001', false, false, true],
  ['40P01', false, false, true],
  ['55P03', false, false, true],
  ['57014', false, false, true],
  ['53100', false, false, true],
  ['57P01', false, true, true],
  ['08006', false, true, true],
  ['42P01', false, false, false],
])('%s: data %s, connection %s, retry %s', (code, isDataError, isConnectionLoss, isRetryable) => {
  expect(describeDatabaseError(server(code))).toMatchObject({
    sqlstate: code,
    isDataError,
    isConnectionLoss,
    isRetryable,
  });
});

test('an error of the socket is connection loss and no SQLSTATE, though EPIPE has five letters', () => {
  const facts = describeDatabaseError(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(facts).toMatchObject({ sqlstate: null, isConnectionLoss: true, isRetryable: true });
});

test('a wrapped error is found, a foreign one is nothing', () => {
  expect(describeDatabaseError(new Error('outer', { cause: server('23505') })).sqlstate).toBe('23505');
  for (const foreign of [new TypeError('x is not a function'), null, undefined, 'text', 7]) {
    expect(describeDatabaseError(foreign)).toMatchObject({
      sqlstate: null,
      isDataError: false,
      isConnectionLoss: false,
      isRetryable: false,
    });
  }
});

test('no fact holds the text of the error', () => {
  expect(JSON.stringify(describeDatabaseError(server('23505')))).not.toContain('ana');
});

test('servers before 13 are refused by their number', () => {
  expect(() => refuseOldServer(120022, '${CRM_URL}')).toThrow(
    '${CRM_URL} is PostgreSQL 12; rowproof needs 13 or newer (RP3015)',
  );
  expect(() => refuseOldServer(90624, 'x')).toThrow('PostgreSQL 9.6');
  expect(() => refuseOldServer(130000, 'x')).not.toThrow();
});

test('binary travels only between equal built-in types, strings, and into enums as text', () => {
  expect(binaryCompatible(20, 20, 'base')).toBe(true);
  expect(binaryCompatible(701, 20, 'base')).toBe(false);
  expect(binaryCompatible(23, 20, 'base')).toBe(false);
  expect(binaryCompatible(25, 1043, 'base')).toBe(true);
  expect(binaryCompatible(25, 16500, 'enum')).toBe(true);
  expect(binaryCompatible(16400, 16400, 'enum')).toBe(false);
  expect(binaryCompatible(16400, 16400, 'base')).toBe(false);
  expect(binaryCompatible(1009, 1009, 'base')).toBe(false);
  expect(binaryCompatible(1700, 1700, 'domain')).toBe(true);
});

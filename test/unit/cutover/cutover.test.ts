import { approvalLine, lagLine, quarantineLine } from '../../../src/cutover/checklist';
import { freezeBlock, writeBlockFunction, writeBlockTrigger, guardBlock } from '../../../src/cutover/write-block-sql';
import { barrierLockMs, backoffMs } from '../../../src/cutover/lock-pace';
import { holdersSentence, seconds } from '../../../src/cutover/words';

test('A lock is asked for below deadlock_timeout, and the rest after it is never shorter than the request', () => {
  expect(barrierLockMs(500, 1_000)).toBe(500);
  expect(barrierLockMs(5_000, 1_000)).toBe(900);
  expect(barrierLockMs(500, 100)).toBe(50);
  for (let attempt = 1; attempt < 20; attempt++) {
    expect(backoffMs(attempt, 500, 0)).toBeGreaterThanOrEqual(500);
    expect(backoffMs(attempt, 500, 0.999)).toBeLessThanOrEqual(10_000);
  }
});

test('A freeze lets nobody through, a guard its own run; names and sentences are quoted', () => {
  expect(writeBlockFunction(freezeBlock('f"x', "o'run-1"))).not.toContain('current_setting');
  expect(writeBlockFunction(freezeBlock('f"x', "o'run-1"))).toContain(`create or replace function rowproof."f""x"()`);
  expect(writeBlockFunction(guardBlock('g', 'crm-3'))).toContain(`current_setting(''rowproof.run'', true) = ''crm-3''`);
  const statements = [
    'create trigger "g" before insert or update or delete or truncate on "s"""."t" for each statement execute function rowproof."g"()',
    'alter table only "s"""."t" enable always trigger "g"',
  ];
  const table = { schema: 's"', name: 't' };
  expect(writeBlockTrigger(freezeBlock('g', 'crm-3'), table, false)).toEqual(statements);
  expect(writeBlockTrigger(freezeBlock('g', 'crm-3'), table, true)).toEqual([
    ...statements,
    'create trigger "g_row" after insert or update or delete on "s"""."t" for each row execute function rowproof."g"()',
    'alter table only "s"""."t" enable always trigger "g_row"',
  ]);
  expect(writeBlockTrigger(guardBlock('g', "o'run-1"), table, true)).toContain(
    `create trigger "g_row" after insert or update or delete on "s"""."t" for each row when (pg_catalog.current_setting('rowproof.run', true) is distinct from 'o''run-1') execute function rowproof."g"()`,
  );
});

test('Whoever holds a lock is named, prepared transactions are counted', () => {
  expect(holdersSentence([])).toBe('sessions that cannot be seen');
  const holders = [
    { pid: 7, application: 'psql' },
    { pid: 8, application: '' },
    { pid: null, application: '' },
  ];
  expect(holdersSentence(holders)).toBe('pid 7 (psql), pid 8, 1 prepared transaction');
  expect([seconds(420), seconds(2_810), seconds(61_000)]).toEqual(['0.42 s', '2.8 s', '61 s']);
});

test('A line of the checklist holds only within its bound', () => {
  expect(lagLine(5_000, 5_000).ok).toBe(true);
  expect(lagLine(5_001, 5_000).ok).toBe(false);
  expect(lagLine(null, 5_000).ok).toBe(false);
  expect(quarantineLine(3, []).ok).toBe(true);
  expect(quarantineLine(3, [{ finding: 'a.b', rows: 3 }]).ok).toBe(false);
  expect(approvalLine({ by: 'ben', code: 'a' }, 'a', undefined).ok).toBe(true);
  expect(approvalLine({ by: 'ben', code: 'a' }, 'a', ['eve']).ok).toBe(false);
});

import { namingPlan } from '../../../src/cli/naming-plan';

test('Commands of a run that was found by its plan name that plan, each once and wherever it stands', () => {
  const named = (text: string): string => namingPlan(text, '/plans/crm.yaml');
  expect(named('    decide it:  rowproof decide a.b.orphan quarantine --by YOU --reason WHY --run crm-3')).toBe(
    '    decide it:  rowproof decide a.b.orphan quarantine --by YOU --reason WHY --run crm-3 --plan /plans/crm.yaml',
  );
  expect(named('`rowproof run crm-3` goes on, `rowproof rollback crm-3 --by YOU --reason WHY` undoes it.')).toBe(
    '`rowproof run crm-3 --plan /plans/crm.yaml` goes on, `rowproof rollback crm-3 --by YOU --reason WHY --plan /plans/crm.yaml` undoes it.',
  );
  expect(named('    rowproof finish crm-3   # removes its ledger')).toBe(
    '    rowproof finish crm-3 --plan /plans/crm.yaml   # removes its ledger',
  );
  for (const text of ['rowproof run --resume crm-3 crm.yaml', 'rowproof run crm.yaml', 'rowproof worker --plans x'])
    expect(named(text)).toBe(text);
  expect(namingPlan('rowproof run crm-3', null)).toBe('rowproof run crm-3');
});

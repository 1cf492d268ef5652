import type { MappingFacts } from '../../../src/validate/reconciliation';
import { closeReconciliation } from '../../../src/validate/reconciliation';
import { hadExpectedEffect } from '../../../src/validate/decision-effect';
import { quarantineAgrees } from '../../../src/validate/quarantine-agreement';
import { noCounts } from '../../../src/validate/row';
import { reproduced } from '../../../src/validate/tally';
import type { VerdictFacts } from '../../../src/validate/verdict';
import { reachVerdict } from '../../../src/validate/verdict';

const balanced: MappingFacts = {
  changes: null,
  mapping: 'customer',
  target: 'crm.customer',
  source: { total: 100, outOfScope: 10 },
  targetRows: 80,
  receipts: { batches: 2, done: 2, migrated: 83, quarantined: 7, outOfScope: 10 },
  adjustments: { migrated: -3, quarantined: 2, outOfScope: 1 },
  quarantine: { quarantined: 9, outOfScope: 1 },
  proof: { ...noCounts(), slices: 1, proved: 1, expected: 90, actual: 80, identical: 80, decided: 10 },
};

const green: VerdictFacts = {
  reconciliation: [closeReconciliation(balanced)],
  effects: [],
  changed: [],
  closedBy: null,
  undecided: [],
  checks: [{ kind: 'reference', name: '*', broken: 0 }],
  required: ['reference'],
  reexecuted: [],
  only: [],
  sample: null,
  notRefreshed: [],
};

describe('closeBooks', () => {
  it('closes books that balance', () => {
    expect(closeReconciliation(balanced)).toEqual({
      reconciliation: {
        mapping: 'customer',
        target: 'crm.customer',
        source: 100,
        migrated: 80,
        quarantined: 9,
        outOfScope: 11,
        unexplained: 0,
      },
      problems: [],
    });
  });

  it('notices every single figure that is off by one', () => {
    const groups = ['source', 'receipts', 'adjustments', 'quarantine', 'proof'] as const;
    let tried = 0;
    for (const group of groups) {
      for (const [name, figure] of Object.entries(balanced[group] as Record<string, number>)) {
        const facts = { ...balanced, [group]: { ...balanced[group], [name]: figure + 1 } } as MappingFacts;
        // identical is the one figure that follows from the others
        if (group === 'proof' && name === 'identical') continue;
        expect([group, name, closeReconciliation(facts).problems.length > 0]).toEqual([group, name, true]);
        tried += 1;
      }
    }
    expect(tried).toBe(22);
    expect(closeReconciliation({ ...balanced, targetRows: 81 }).problems).not.toEqual([]);
  });

  it('says that nothing was proved when nothing was', () => {
    expect(closeReconciliation({ ...balanced, proof: null }).problems).toEqual(['customer: not proved']);
  });
});

describe('reachVerdict', () => {
  it('is green only when everything holds', () => {
    expect(reachVerdict(green)).toMatchObject({
      green: true,
      sentence: 'every row accounted for, every field proved',
      problems: [],
    });
  });

  it.each<[string, Partial<VerdictFacts>, RegExp]>([
    ['a check is broken', { checks: [{ kind: 'reference', name: 'a_fk', broken: 2 }] }, /foreign key a_fk: 2 broken/],
    ['a required check did not run', { checks: [] }, /foreign key checks did not run/],
    [
      'a quarantined row has no decision',
      { undecided: [{ finding: 'a.b.orphan', rows: 3 }] },
      /without a decision: a\.b\.orphan/,
    ],
    [
      'a decision had another effect',
      {
        changed: [],
        closedBy: null,
        effects: [{ finding: 'a.b.orphan', action: 'quarantine', expected: { rows: 10, tolerance: 1 }, observed: 12 }],
      },
      /expected 10 ± 1 rows, saw 12/,
    ],
    ['there is no table', { reconciliation: [] }, /no table was migrated/],
  ])('is not green when %s', (_, change, sentence) => {
    const verdict = reachVerdict({ ...green, ...change });
    expect(verdict.green).toBe(false);
    expect(verdict.sentence).toMatch(/^not proved: /);
    expect(verdict.sentence).toMatch(sentence);
  });

  describe('with a check that is broken', () => {
    const checks = [{ kind: 'reference', name: 'a.b_fk', broken: 2, finding: 'a.b_fk.reference' }];
    const accepted = { finding: 'a.b_fk.reference', action: 'accept', by: 'ben' };

    it('can be decided where somebody may accept it and nothing else is wrong', () => {
      expect(reachVerdict({ ...green, checks })).toMatchObject({ green: false, decidable: true });
      expect(reachVerdict({ ...green, checks, changed: ['a'] }).decidable).toBeUndefined();
      expect(
        reachVerdict({ ...green, checks: [{ kind: 'spot_check', name: 'a', broken: 1 }] }).decidable,
      ).toBeUndefined();
      const unbalanced = [closeReconciliation({ ...balanced, targetRows: 81 })];
      expect(reachVerdict({ ...green, checks, reconciliation: unbalanced }).decidable).toBeUndefined();
    });

    it('is green once it is accepted, and says by whom', () => {
      expect(reachVerdict({ ...green, checks, decisions: [accepted] })).toMatchObject({
        green: true,
        sentence: expect.stringMatching(/; accepted: foreign key a\.b_fk, 2 broken, by ben$/) as string,
      });
      const stopped = [{ ...accepted, action: 'quarantine' }];
      expect(reachVerdict({ ...green, checks, decisions: stopped }).green).toBe(false);
    });

    it('is not green for a decision that nobody could take', () => {
      const [check] = checks;
      const facts = { ...green, checks: [{ ...check!, finding: null }], decisions: [{ ...accepted, finding: '*' }] };
      expect(reachVerdict(facts)).toMatchObject({ green: false, problems: ['foreign key a.b_fk: 2 broken'] });
    });
  });

  it('says that a sample or a part is no migration', () => {
    expect(reachVerdict({ ...green, sample: 1, only: ['customer', 'orders'] })).toMatchObject({
      green: true,
      sentence:
        'sample of 1 %, only customer, orders: not a migration; every row of it accounted for, every field proved',
    });
  });

  it('labels what the user computed by SQL', () => {
    expect(reachVerdict({ ...green, notRefreshed: ['a', 'b', 'c', 'd'] }).sentence).toBe(
      'every row accounted for, every field proved; not refreshed: a, b, c and 1 more',
    );
    expect(reachVerdict({ ...green, reexecuted: ['customer.score'] }).sentence).toBe(
      'every row accounted for, every field proved, re-executed and not independent: customer.score',
    );
  });
});

describe('hadExpectedEffect', () => {
  it('allows the tolerance on both sides and no more', () => {
    const effect = { finding: 'f', action: 'quarantine', expected: { rows: 10, tolerance: 2 } };
    expect([7, 8, 12, 13].map((observed) => hadExpectedEffect({ ...effect, observed }))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(hadExpectedEffect({ ...effect, expected: null, observed: 99 })).toBe(true);
  });
});

describe('quarantineAgrees', () => {
  const known = new Set(['t.a.bad_date', 't.b.not_null']);
  const entry = { reason: 'bad_date', finding: 't.a.bad_date', findings: ['t.a.bad_date'], sqlstate: null };

  it('wants exactly the reasons that recomputation finds', () => {
    expect(quarantineAgrees(entry, ['t.a.bad_date'], known)).toBe(true);
    expect(quarantineAgrees(entry, [], known)).toBe(false);
    expect(quarantineAgrees(entry, ['t.b.not_null'], known)).toBe(false);
    expect(quarantineAgrees(entry, ['t.a.bad_date', 't.b.not_null'], known)).toBe(false);
  });

  it('wants a row that settle moved to have nothing wrong by itself', () => {
    const orphan = { reason: 'orphan', finding: 't.p.orphan', findings: ['t.p.orphan'], sqlstate: null };
    expect(quarantineAgrees(orphan, [], known)).toBe(true);
    expect(quarantineAgrees(orphan, ['t.a.bad_date'], known)).toBe(false);
  });

  it('takes the word of the server and of an operator', () => {
    expect(quarantineAgrees({ ...entry, finding: 't.c.check', sqlstate: '23514' }, [], known)).toBe(true);
    expect(
      quarantineAgrees(
        { reason: 'blocked', finding: 't.batch_3.blocked', findings: [], sqlstate: null },
        ['t.a.bad_date'],
        known,
      ),
    ).toBe(true);
  });
});

describe('reproduced', () => {
  const suspect = { class: 'mismatch' as const, sourceKey: 'k', targetKey: ['k'], columns: [1] };

  it('wants every suspect to be there again, with the same columns', () => {
    expect(reproduced([suspect], [{ ...suspect, sourceKey: 'l' }, suspect])).toBe(true);
    expect(reproduced([suspect], [{ ...suspect, columns: [2] }])).toBe(false);
    expect(reproduced([suspect], [])).toBe(false);
  });
});

import fc from 'fast-check';
import { parsePlan } from '../../../src/plan/parse-plan';
import { crmPlan } from './crm-plan';

/** Every problem has a place inside the file, a sentence and a fix. */
function isUsable(text: string): boolean {
  const { plan, problems } = parsePlan(text, 'p.yaml');
  const lines = text.split('\n').length;
  return (
    (plan === null) === problems.length > 0 &&
    problems.every(
      ({ what, fix, where }) =>
        what !== '' &&
        fix !== '' &&
        (where?.line ?? 0) >= 1 &&
        (where?.line ?? 0) <= lines &&
        (where?.column ?? 0) >= 1,
    )
  );
}

describe('any text given as a plan', () => {
  it('is answered with problems at places of the file, never with an exception', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 60 }), isUsable), { numRuns: 100 });
  });

  it('is answered so too when it is a plan with one piece cut out, doubled or replaced', () => {
    const piece = fc.constantFrom(
      '',
      ' ',
      '\n',
      ':',
      '- ',
      '[',
      '{',
      '}',
      '"',
      "'",
      '*',
      '&',
      '#',
      'null',
      '~',
      '0',
      '\t',
      '<<: x',
      '? ',
      '|',
      '>',
    );
    fc.assert(
      fc.property(fc.nat(crmPlan.length), fc.nat(40), piece, (at, length, put) =>
        isUsable(crmPlan.slice(0, at) + put + crmPlan.slice(at + length)),
      ),
      { numRuns: 100 },
    );
  });

  it('is answered so too when values have the wrong shape', () => {
    const value = fc.jsonValue({ maxDepth: 2 });
    const keys = [
      'version',
      'name',
      'sources',
      'target',
      'capture',
      'defaults',
      'ignore_tables',
      'tables',
      'decisions',
      'spot_checks',
      'settings',
    ];
    const table = fc.record({
      's.t': fc.dictionary(
        fc.constantFrom(
          'from',
          'source',
          'key',
          'where',
          'id',
          'columns',
          'ignore',
          'exclude',
          'rules',
          'max_bad_rows',
          'when_not_empty',
        ),
        value,
      ),
    });
    const plan = fc
      .tuple(fc.dictionary(fc.constantFrom(...keys), value), fc.option(table))
      .map(([one, tables]) => ({ ...one, ...(tables === null ? {} : { tables }) }));
    fc.assert(
      fc.property(plan, (one) => isUsable(JSON.stringify(one))),
      { numRuns: 100 },
    );
  });
});

import { silenceFix, silent } from '../../../src/cli/refusals';

describe('what leads on from a run that no worker carries on', () => {
  const state = { kind: 'silent', taskQueue: 'rowproof-1a2b3c4d', build: null, polled: false, stuck: null } as const;

  it('offers to watch where that starts a worker', () => {
    const fix = silenceFix({ run: 'crm-1', plansFolder: '/plans' }, { ...state, local: true });
    expect(fix).toContain('`rowproof watch crm-1`');
  });

  it.each([
    ['a Temporal that was configured', '/plans', false],
    ['a run whose plans folder is not known here', null, true],
  ])('offers a worker alone: %s', (_what, plansFolder, local) => {
    const fix = silenceFix({ run: 'crm-1', plansFolder }, { ...state, local });
    expect(fix).toContain('rowproof worker --task-queue rowproof-1a2b3c4d');
    expect(fix).not.toContain('watch');
  });

  it('is said by a code, another one where a worker polls that cannot carry it on', () => {
    const run = { run: 'crm-1', plansFolder: '/plans' };
    expect(silent(run, { ...state, local: true }).code).toBe('RP4210');
    expect(silent(run, { ...state, local: true, stuck: 'not the code that began it' }).code).toBe('RP4211');
  });
});

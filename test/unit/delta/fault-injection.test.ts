import { faulty } from '../../../activities/fault-injection';

describe('fault injection', () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  it('needs both variables, and breaks only what is named', () => {
    process.env.ROWPROOF_FAULT = 'fence';
    expect(faulty('fence')).toBe(false);
    process.env.ROWPROOF_FAULT_INJECTION_BUILD = '1';
    expect(faulty('fence')).toBe(true);
    expect(faulty('cursor')).toBe(false);
    delete process.env.ROWPROOF_FAULT;
    expect(faulty('fence')).toBe(false);
  });
});

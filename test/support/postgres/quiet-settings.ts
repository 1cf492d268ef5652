import type { Settings } from '../../../src/contract/resolved-plan';

/** Settings of a plan that follows nothing: what settingsOf gives for `capture: none`. */
export const quietSettings: Pick<Settings, 'pattern' | 'capture' | 'delta' | 'cutover' | 'switch'> = {
  pattern: 'copy',
  capture: { maxChangeLogBytes: 4 * 2 ** 30, maxWalBytes: 8 * 2 ** 30, lockTimeoutMs: 300, lockBudgetMs: 300_000 },
  delta: {
    roundKeys: 20_000,
    pauseMs: 500,
    throttle: {
      query: null,
      pauseAbove: null,
      abortAbove: null,
      maxReplicaLagMs: null,
      abortReplicaLagMs: null,
      maxLockWaits: null,
      abortLockWaits: null,
    },
  },
  cutover: {
    maxFreezeMs: 5000,
    maxLagMs: 5000,
    maxProofAgeMs: 3_600_000,
    lockTimeoutMs: 500,
    lockBudgetMs: 120_000,
    confirmSwitch: false,
    books: 'frozen',
  },
  switch: null,
};

import type { ValidationActivities } from '../src/contract/activity-types';
import { readyHost, type ValidationHost } from './validation-host';
import { createProveMapping } from './validation-prove';
import { createReconcile } from './validation-reconcile';
import { createCheckRules, createProveReferences } from './validation-references';
import { createRunSpotChecks } from './validation-spot-checks';

export type { ValidationHost };

/** Proof of every row, references, rules, spot checks and the verdict; all of it reads and stores what it saw. */
export function createValidationActivities(host: ValidationHost): ValidationActivities {
  const ready = readyHost(host);
  return {
    proveMapping: createProveMapping(ready),
    proveReferences: createProveReferences(ready),
    checkRules: createCheckRules(ready),
    runSpotChecks: createRunSpotChecks(ready),
    reconcile: createReconcile(ready),
  };
}

import type { ValidationActivities } from '../src/contract/activity-types';
import { readyHost, type ValidationHost } from '../src/engine/proof/proof-host';
import { createProveMapping } from '../src/engine/proof/prove-mapping';
import { createReconcile } from '../src/engine/proof/reconcile';
import { createCheckRules, createProveReferences } from '../src/engine/proof/references';
import { createRunSpotChecks } from '../src/engine/proof/spot-checks';

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

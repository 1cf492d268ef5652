import type { LiveProofActivities, ValidationActivities } from '../src/contract/activity-types';
import { proveLive } from '../src/engine/proof/live/prove-live';
import type { ProofHost } from '../src/engine/proof/proof-host';
import { createProveMapping } from '../src/engine/proof/prove-mapping';
import { createReconcile } from '../src/engine/proof/reconcile';
import { createCheckRules, createProveReferences } from '../src/engine/proof/references';
import { createRunSpotChecks } from '../src/engine/proof/spot-checks';

/** Proof of every row, references, rules, spot checks and the verdict; all of it reads and stores what it saw. */
export function createValidationActivities(host: ProofHost): ValidationActivities {
  return {
    proveMapping: createProveMapping(host),
    proveReferences: createProveReferences(host),
    checkRules: createCheckRules(host),
    runSpotChecks: createRunSpotChecks(host),
    reconcile: createReconcile(host),
  };
}

/** Proof of a table while rounds go on. */
export function createLiveProofActivities(host: ProofHost): LiveProofActivities {
  return { proveLive: ({ ref, mapping }) => proveLive(host, ref, mapping) };
}

import type { DiscoveryActivities } from '../src/contract/activity-types';
import { decide, recordCatalogs, undecidedFindings } from '../src/engine/discovery/discover';
import { profileMapping, profileMappings } from '../src/engine/discovery/profile';
import { tryTargetRules } from '../src/engine/discovery/trial';
import type { Host } from '../src/engine/host';
import { fingerprintTarget } from '../src/engine/prepare/fingerprint-target';

/** Profiling and findings. Each activity replaces what an earlier attempt of it stored. */
export function createDiscoveryActivities(host: Host): DiscoveryActivities {
  return {
    recordCatalogs: (ref) => recordCatalogs(host, ref),
    profileMapping: ({ ref, mapping }) => profileMapping(host, ref, mapping),
    profileMappings: ({ ref, mappings }) => profileMappings(host, ref, mappings),
    tryTargetRules: (ref) => tryTargetRules(host, ref),
    fingerprintTarget: ({ ref, moment }) => fingerprintTarget(host, ref, moment),
    undecidedFindings: (ref) => undecidedFindings(host, ref),
    decide: (input) => decide(host, input),
  };
}

import type { CompiledPlan } from '../contract/compiled';

/** True when the sources are followed while they are written to: rounds run, and batches write provenance where it is needed. */
export function isFollowed({ plan }: Pick<CompiledPlan, 'plan'>): boolean {
  return plan.settings.pattern === 'hybrid' && (plan.capture === 'triggers' || plan.capture === 'logical');
}

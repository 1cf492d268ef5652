import type { MappingWork } from './mapping-work';

/** Whether changes of the sources are followed in a run of this plan. */
export function isCaptured({ plan }: Pick<MappingWork, 'plan'>): boolean {
  return plan.settings.pattern === 'hybrid' && plan.capture !== 'none';
}

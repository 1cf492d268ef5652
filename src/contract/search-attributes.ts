import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** What an operator filters runs by. Each upsert is an event, so they change on a change of state only. */
export const migrationAttributes = {
  plan: defineSearchAttributeKey('MigrationPlan', SearchAttributeType.KEYWORD),
  phase: defineSearchAttributeKey('MigrationPhase', SearchAttributeType.KEYWORD),
  state: defineSearchAttributeKey('MigrationState', SearchAttributeType.KEYWORD),
  table: defineSearchAttributeKey('MigrationTable', SearchAttributeType.KEYWORD),
  blockedBatches: defineSearchAttributeKey('BlockedBatches', SearchAttributeType.INT),
  /** In coarse steps, see lagStep. */
  deltaLagSeconds: defineSearchAttributeKey('DeltaLagSeconds', SearchAttributeType.INT),
} as const;

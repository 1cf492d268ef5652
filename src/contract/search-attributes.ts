/** What an operator filters runs by. Each upsert is an event, so they change on a change of state only. */
export const migrationAttributes = {
  plan: { name: 'MigrationPlan', type: 'KEYWORD' },
  phase: { name: 'MigrationPhase', type: 'KEYWORD' },
  state: { name: 'MigrationState', type: 'KEYWORD' },
  table: { name: 'MigrationTable', type: 'KEYWORD' },
  blockedBatches: { name: 'BlockedBatches', type: 'INT' },
  /** In coarse steps, see lagStep. */
  deltaLagSeconds: { name: 'DeltaLagSeconds', type: 'INT' },
} as const;

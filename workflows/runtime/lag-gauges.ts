import { metricMeter } from '@temporalio/workflow';
import type { DeltaLag } from '../../src/contract/delta';

/** The gauges of one run that follows its sources. */
export function openLagGauges(run: string): { set(lag: DeltaLag): void } {
  const tags = { run };
  const gauge = (name: string, type: 'int' | 'float', unit: string, description: string) =>
    metricMeter.createGauge(`rowproof_delta_lag_${name}`, type, unit, description);
  const changes = gauge('changes', 'int', '1', 'Changes that the target does not have yet');
  const age = gauge('seconds', 'float', 's', 'Age of the oldest of them');
  const wal = gauge('wal_bytes', 'int', 'By', 'WAL of the sources that slots of the run hold back');
  return {
    set: (lag) => {
      changes.set(lag.changes, tags);
      age.set(lag.seconds, tags);
      wal.set(lag.walBytes, tags);
    },
  };
}

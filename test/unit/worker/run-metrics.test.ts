import type { MetricMeter } from '@temporalio/common';
import { runMetrics } from '../../../src/worker/run-metrics';

/** A meter that keeps `name{labels} value` of each call. */
function recordingMeter(): { meter: MetricMeter; lines: string[] } {
  const lines: string[] = [];
  const record =
    (name: string) =>
    (value: number, labels: object): void =>
      void lines.push(`${name} ${JSON.stringify(labels)} ${value}`);
  const meter = {
    createCounter: (name: string) => ({ add: record(name) }),
    createGauge: (name: string) => ({ set: record(name) }),
  } as unknown as MetricMeter;
  return { meter, lines };
}

async function after(activity: string, args: unknown[], result: unknown): Promise<string[]> {
  const { meter, lines } = recordingMeter();
  const { execute } = runMetrics(meter)(activity);
  expect(await execute?.({ args, headers: {} }, async () => result)).toBe(result);
  return lines;
}

const ref = { run: 'crm-1', ledger: 'env:CRM_URL' };

describe('metrics of runs', () => {
  it('count a batch by its receipt', async () => {
    const receipt = {
      mapping: 'customer',
      ordinal: 3,
      migrated: 90,
      quarantined: 7,
      outOfScope: 3,
      path: 'fast',
      bytes: 512,
    };
    const labels = '{"run":"crm-1","table":"customer"}';
    expect(await after('copyBatch', [{ ref, mapping: 'customer', ordinal: 3 }], receipt)).toEqual([
      `rowproof_copied_batches ${labels} 1`,
      `rowproof_copied_rows ${labels} 90`,
      `rowproof_copied_bytes ${labels} 512`,
      `rowproof_quarantined_rows ${labels} 7`,
      `rowproof_out_of_scope_rows ${labels} 3`,
    ]);
  });

  it('count proofs, and all rows that differ', async () => {
    const summary = { mapping: 'customer', rows: 90, identical: 80, decided: 0 };
    const bad = { mismatch: 1, missing: 2, extraneous: 3, duplicate: 4, unverifiable: 5 };
    expect(await after('proveLive', [{ ref, mapping: 'customer' }], { ...summary, ...bad })).toEqual([
      'rowproof_proved_rows {"run":"crm-1","table":"customer"} 90',
      'rowproof_differing_rows {"run":"crm-1","table":"customer"} 15',
    ]);
  });

  it('keep a freeze apart from a drill, and say nothing of an attempt that came to neither', async () => {
    const attempt = (outcome: string): Promise<string[]> =>
      after('cutOver', [{ ref, drill: false, by: 'ana' }], { outcome, freezeMs: 1_250 });
    expect(await attempt('frozen')).toEqual(['rowproof_freeze_seconds {"run":"crm-1"} 1.25']);
    expect(await attempt('drilled')).toEqual(['rowproof_drill_seconds {"run":"crm-1"} 1.25']);
    expect(await attempt('deadline')).toEqual([]);
  });

  it('count blocked batches without why', async () => {
    const blocked = { what: 'customer:91', mapping: 'customer', ordinal: 91, why: 'SQLSTATE 53100' };
    expect(await after('blockBatch', [{ ref, blocked }], undefined)).toEqual([
      'rowproof_blocked_batches {"run":"crm-1","table":"customer"} 1',
    ]);
  });

  it('leave other activities, and what failed, alone', async () => {
    expect(await after('openSteps', [ref], [])).toEqual([]);
    const { meter, lines } = recordingMeter();
    const { execute } = runMetrics(meter)('copyBatch');
    await expect(execute?.({ args: [ref], headers: {} }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(lines).toEqual([]);
  });
});

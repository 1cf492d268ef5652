import type { MetricMeter } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { Activities, BatchReceipt, ProofSummary } from '../contract/activity-types';
import type { CutoverResult } from '../contract/delta';
import type { RunRef } from '../contract/run';

type Name = keyof Activities;
type Counted = (input: { readonly ref: RunRef }, result: unknown) => void;

/**
 * Counts what activities of runs did, by their answers, on the worker that did it: an activity that is done again because its worker died
 * after it counts again. Labels are names of runs and of tables of the plan; never a key or a value.
 */
export function runMetrics(meter: MetricMeter): (activity: string) => ActivityInboundCallsInterceptor {
  const counter = (name: string, unit: string, what: string): ReturnType<MetricMeter['createCounter']> =>
    meter.createCounter(`rowproof_${name}`, unit, what);
  const batches = counter('copied_batches', '1', 'Batches with a receipt');
  const rows = counter('copied_rows', '1', 'Rows that batches loaded');
  const bytes = counter('copied_bytes', 'By', 'Bytes that batches sent to the target');
  const quarantined = counter('quarantined_rows', '1', 'Rows that batches put into quarantine');
  const outOfScope = counter('out_of_scope_rows', '1', 'Rows that batches left out by the plan');
  const blocked = counter('blocked_batches', '1', 'Batches that were blocked');
  const proved = counter('proved_rows', '1', 'Rows whose proof is done');
  const differing = counter('differing_rows', '1', 'Rows that a proof found to differ');
  const freeze = meter.createGauge('rowproof_freeze_seconds', 'float', 's', 'How long writers waited for the freeze');
  const drill = meter.createGauge('rowproof_drill_seconds', 'float', 's', 'How long writers waited for a drill');

  const table = ({ run }: RunRef, mapping: string): { run: string; table: string } => ({
    run,
    table: mapping,
  });
  const batch: Counted = ({ ref }, result) => {
    const receipt = result as BatchReceipt;
    const labels = table(ref, receipt.mapping);
    batches.add(1, labels);
    rows.add(receipt.migrated, labels);
    bytes.add(receipt.bytes, labels);
    quarantined.add(receipt.quarantined, labels);
    outOfScope.add(receipt.outOfScope, labels);
  };
  const proof: Counted = ({ ref }, result) => {
    const summary = result as ProofSummary;
    const { mismatch, missing, extraneous, duplicate, unverifiable } = summary;
    const labels = table(ref, summary.mapping);
    proved.add(summary.rows, labels);
    differing.add(mismatch + missing + extraneous + duplicate + unverifiable, labels);
  };
  const frozen: Counted = ({ ref }, result) => {
    const { outcome, freezeMs } = result as CutoverResult;
    const labels = { run: ref.run };
    if (outcome === 'frozen') freeze.set(freezeMs / 1_000, labels);
    if (outcome === 'drilled') drill.set(freezeMs / 1_000, labels);
  };
  const counted: Partial<Record<Name, Counted>> = {
    copyBatch: batch,
    quarantineBatch: batch,
    blockBatch: (input) => {
      const { ref, blocked: block } = input as Parameters<Activities['blockBatch']>[0];
      blocked.add(1, table(ref, block.mapping));
    },
    proveMapping: proof,
    proveLive: proof,
    freezeSource: frozen,
    cutOver: frozen,
  };
  return (activity) => ({
    async execute(input, next) {
      const result = await next(input);
      counted[activity as Name]?.(input.args[0] as { readonly ref: RunRef }, result);
      return result;
    },
  });
}

import type { CompiledColumn, CompiledMapping } from '../src/contract/compiled';
import { readSteps } from '../src/postgres/ledger/step';
import {
  columnExtreme,
  readSequencePosition,
  setSequence,
  sourceSequenceValue,
} from '../src/postgres/queries/sequence';
import { advancedPosition } from '../src/rollback/advance-sequence';
import type { SequenceDetail } from '../src/rollback/step-detail';
import { putBack } from './finish-restore';
import type { StepHost, StepWork } from './prepare-host';

/**
 * Sets every sequence of a mapped table past the largest value in its columns and past the source's own sequence, by the
 * plan's margin. What was advanced stays: a sequence never goes back here.
 */
export async function advanceSequencesOf(host: StepHost, work: StepWork): Promise<{ advanced: number }> {
  const steps = await readSteps(work.session, work.run.run, 'sequence');
  for (const step of steps) {
    if (step.state !== 'done') continue;
    const seen = await seenValues(host, work, step.detail);
    await putBack(work, step, 'restored', async () => {
      const now = await readSequencePosition(work.session, step.detail.sequence);
      const next = advancedPosition(step.detail, now, seen, work.run.compiled.plan.settings.sequenceMargin);
      if (next !== null) await setSequence(work.session, step.detail.sequence, next);
    });
  }
  return { advanced: steps.length };
}

async function seenValues(host: StepHost, work: StepWork, detail: SequenceDetail): Promise<string[]> {
  const seen: string[] = [];
  for (const { mapping: name, relation, column } of detail.columns) {
    const extreme = await columnExtreme(
      work.session,
      relation,
      column,
      detail.increment.startsWith('-') ? 'min' : 'max',
    );
    if (extreme !== null) seen.push(extreme);
    const mapping = work.mappings.find((one) => one.name === name);
    const loaded = mapping?.columns.find((one) => one.target === column);
    if (mapping === undefined || loaded === undefined) continue;
    const value = await sourceValue(host, work, mapping, loaded);
    if (value !== null) seen.push(value);
  }
  return seen;
}

/** Where the source's own sequence stands, as an id of the target; null when the column is not simply that id. */
async function sourceValue(
  host: StepHost,
  work: StepWork,
  mapping: CompiledMapping,
  column: CompiledColumn,
): Promise<string | null> {
  const from = column.id?.from ?? column.from;
  if (from.length !== 1 || column.steps.length > 0 || column.follows !== null || column.sql !== undefined) return null;
  if (column.id !== null && column.id.kind === 'uuid_from') return null;
  const source = await host.databases.source(work.run.compiled, mapping.source, 'sequences');
  try {
    const value = await sourceSequenceValue(source, mapping.from, from[0] as string);
    if (value === null || column.id?.kind !== 'offset') return value;
    return (BigInt(value) + BigInt(column.id.by)).toString();
  } finally {
    await source.close();
  }
}

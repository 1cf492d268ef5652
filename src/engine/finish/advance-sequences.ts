import type { CompiledColumn, CompiledMapping, CompiledSequence } from '../../contract/compiled';
import { appendEvent } from '../../postgres/ledger/run/event';
import { readSteps } from '../../postgres/ledger/run/step';
import {
  columnExtreme,
  hasLeadingIndex,
  lastGiven,
  readSequencePosition,
  setSequence,
  sourceSequenceValue,
} from '../../postgres/queries/cutover/sequence';
import type { Session } from '../../postgres/session';
import { advancedPosition, withinLimits } from '../../rollback/advance-sequence';
import type { SequenceDetail } from '../../rollback/step-detail';
import { changeTarget } from '../../postgres/queries/schema-change/settings';
import { qualified } from '../../sql/quote';
import { putBack } from '../prepare/restore-objects';
import type { TargetWork } from '../target-work';
import type { Host } from '../host';

/**
 * Sets every sequence of a mapped table past the largest value in its columns and past the source's own sequence, by the
 * plan's margin. What was advanced stays: a sequence never goes back here.
 */
export async function advanceSequencesOf(host: Host, work: TargetWork): Promise<{ advanced: number }> {
  const steps = await readSteps(work.session, work.run.run, 'sequence');
  for (const step of steps) {
    if (step.state !== 'done') continue;
    const seen = await seenValues(work, step.detail, { source: ownSession(host, work), scan: true });
    await putBack(work, step, 'restored', () => advance(work, step.detail, seen));
  }
  await appendEvent(work.session, work.run.run, 'sequences advanced', {
    sequences: steps.map((step) => step.subject),
    left: work.run.compiled.sequencesLeft.map(({ side, sequence }) => `${side}: ${qualified(sequence)}`),
  });
  return { advanced: steps.length };
}

/**
 * The same under the barrier of a cutover: sequences that were advanced before too, and nothing that would read a whole table. Where a
 * column has no index, the source's own sequence speaks for it.
 */
export async function advanceSequencesAgain(
  work: TargetWork,
  openSource: (source: string) => Promise<Session>,
): Promise<void> {
  const { session, run } = work;
  const steps = (await readSteps(session, run.run, 'sequence')).filter(({ state }) => state !== 'compensated');
  if (steps.length === 0) return;
  const keep: UseSource = async (name, use) => use(await openSource(name));
  const seen: [SequenceDetail, string[]][] = [];
  for (const { detail } of steps) seen.push([detail, await seenValues(work, detail, { source: keep, scan: false })]);
  await changeTarget(session, run.run, { object: 'the sequences', onAttempt: work.heartbeat }, async () => {
    for (const [detail, values] of seen) await advance(work, detail, values);
  });
}

async function advance(work: TargetWork, detail: SequenceDetail, seen: readonly string[]): Promise<void> {
  // one that begins anew at its end has no "past": it goes on where the source's own goes on
  const [only, ...others] = detail.cycle && detail.columns.length === 0 ? seen : [];
  if (only !== undefined && others.length === 0)
    return setSequence(work.session, detail.sequence, withinLimits(detail, only));
  const now = await readSequencePosition(work.session, detail.sequence);
  const next = advancedPosition(detail, now, seen, work.run.compiled.plan.settings.sequenceMargin);
  if (next !== null) await setSequence(work.session, detail.sequence, next);
}

type UseSource = <T>(source: string, use: (session: Session) => Promise<T>) => Promise<T>;

function ownSession(host: Host, work: TargetWork): UseSource {
  return async (name, use) => {
    const source = await host.databases.source(work.run.compiled, name, 'sequences');
    try {
      return await use(source);
    } finally {
      await source.close();
    }
  };
}

async function seenValues(
  work: TargetWork,
  detail: SequenceDetail,
  how: { readonly source: UseSource; readonly scan: boolean },
): Promise<string[]> {
  const seen: string[] = [];
  let known = false;
  for (const { mapping: name, relation, column } of detail.columns) {
    const end = detail.increment.startsWith('-') ? 'min' : 'max';
    const cheap = how.scan || (await hasLeadingIndex(work.session, relation, column));
    const extreme = cheap ? await columnExtreme(work.session, relation, column, end) : null;
    if (extreme !== null) seen.push(extreme);
    const mapping = work.mappings.find((one) => one.name === name);
    const loaded = mapping?.columns.find((one) => one.target === column);
    if (mapping === undefined || loaded === undefined) continue;
    const value = await sourceValue(how.source, mapping, loaded);
    if (value === null) continue;
    seen.push(value);
    known = true;
  }
  if (!known) seen.push(...(await counterpartValues(work, detail, how.source)));
  return seen;
}

/** What the sequences of its name on the sources have given out: no mapped column says it. */
async function counterpartValues(work: TargetWork, detail: SequenceDetail, source: UseSource): Promise<string[]> {
  const values: string[] = [];
  for (const { source: name, sequence } of counterpartsOf(work, detail)) {
    const value = await source(name, (session) => lastGiven(session, sequence));
    if (value !== null) values.push(value);
  }
  return values;
}

function counterpartsOf(work: TargetWork, { sequence }: SequenceDetail): CompiledSequence['sources'] {
  const found = work.run.compiled.sequences.find(
    (one) => one.sequence.schema === sequence.schema && one.sequence.name === sequence.name,
  );
  return found?.sources ?? [];
}

/** Where the source's own sequence stands, as an id of the target; null when the column is not simply that id. */
async function sourceValue(
  source: UseSource,
  mapping: CompiledMapping,
  column: CompiledColumn,
): Promise<string | null> {
  const from = column.id?.from ?? column.from;
  if (from.length !== 1 || column.steps.length > 0 || column.follows !== null || column.sql !== undefined) return null;
  if (column.id !== null && column.id.kind === 'uuid_from') return null;
  const value = await source(mapping.source, (session) =>
    sourceSequenceValue(session, mapping.from, from[0] as string),
  );
  if (value === null || column.id?.kind !== 'offset') return value;
  return (BigInt(value) + BigInt(column.id.by)).toString();
}

import type { CompiledColumn, CompiledMapping } from '../src/contract/compiled';
import { readSteps } from '../src/postgres/ledger/step';
import {
  columnExtreme,
  hasLeadingIndex,
  readSequencePosition,
  setSequence,
  sourceSequenceValue,
} from '../src/postgres/queries/sequence';
import type { Session } from '../src/postgres/session';
import { advancedPosition } from '../src/rollback/advance-sequence';
import type { SequenceDetail } from '../src/rollback/step-detail';
import { changeTarget } from '../src/postgres/queries/schema-change';
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
    const seen = await seenValues(work, step.detail, { source: ownSession(host, work), scan: true });
    await putBack(work, step, 'restored', () => advance(work, step.detail, seen));
  }
  return { advanced: steps.length };
}

/**
 * The same under the barrier of a cutover: sequences that were advanced before too, and nothing that would read a whole table. Where a
 * column has no index, the source's own sequence speaks for it.
 */
export async function advanceSequencesAgain(
  work: StepWork,
  openSource: (source: string) => Promise<Session>,
): Promise<void> {
  const { session, run } = work;
  const steps = (await readSteps(session, run.run, 'sequence')).filter(({ state }) => state !== 'compensated');
  if (steps.length === 0) return;
  const keep: UseSource = async (name, use) => use(await openSource(name));
  const seen: [SequenceDetail, string[]][] = [];
  for (const { detail } of steps) seen.push([detail, await seenValues(work, detail, { source: keep, scan: false })]);
  await changeTarget(session, run.run, { object: 'the sequences', onAttempt: work.beat }, async () => {
    for (const [detail, values] of seen) await advance(work, detail, values);
  });
}

async function advance(work: StepWork, detail: SequenceDetail, seen: readonly string[]): Promise<void> {
  const now = await readSequencePosition(work.session, detail.sequence);
  const next = advancedPosition(detail, now, seen, work.run.compiled.plan.settings.sequenceMargin);
  if (next !== null) await setSequence(work.session, detail.sequence, next);
}

type UseSource = <T>(source: string, use: (session: Session) => Promise<T>) => Promise<T>;

function ownSession(host: StepHost, work: StepWork): UseSource {
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
  work: StepWork,
  detail: SequenceDetail,
  how: { readonly source: UseSource; readonly scan: boolean },
): Promise<string[]> {
  const seen: string[] = [];
  for (const { mapping: name, relation, column } of detail.columns) {
    const end = detail.increment.startsWith('-') ? 'min' : 'max';
    const cheap = how.scan || (await hasLeadingIndex(work.session, relation, column));
    const extreme = cheap ? await columnExtreme(work.session, relation, column, end) : null;
    if (extreme !== null) seen.push(extreme);
    const mapping = work.mappings.find((one) => one.name === name);
    const loaded = mapping?.columns.find((one) => one.target === column);
    if (mapping === undefined || loaded === undefined) continue;
    const value = await sourceValue(how.source, mapping, loaded);
    if (value !== null) seen.push(value);
  }
  return seen;
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

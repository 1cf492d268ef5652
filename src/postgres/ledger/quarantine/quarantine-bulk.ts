import type { QuarantineCause, SharedFacts } from '../../../copy/quarantine-cause';
import { literal } from '../../../sql/quote';
import { relayCopy } from '../../copy-stream';
import { FirstFields } from '../../first-fields';
import type { Session } from '../../session';
import { mappingId, noteCauses } from './quarantine-cause';

interface Batch {
  readonly run: string;
  readonly mapping: string;
  readonly ordinal: number;
}

/** What was written into the quarantine of a batch, by cause, in one place. */
export interface WrittenRows {
  readonly causes: readonly QuarantineCause[];
  readonly written: number;
}

/**
 * Pipes the rows of `rejected` (key text, reasons int[], refs text) from the source into the quarantine of a batch, inside the caller's transaction
 * of the target: one COPY, of which only the reasons are looked at here. `factsOf` gets them as text, `{0,3}`.
 */
export async function relayQuarantine(
  { source, target, signal }: { readonly source: Session; readonly target: Session; readonly signal?: AbortSignal },
  batch: Batch,
  rejected: string,
  factsOf: (reasons: string) => SharedFacts,
): Promise<WrittenRows> {
  const id = await mappingId(target, batch.run, batch.mapping);
  const causes = new FirstFields();
  const { sourceRows, targetRows } = await relayCopy({
    source,
    select: `SELECT ${literal(String(batch.ordinal))} || "reasons"::text, ${id}, "key", "refs" FROM (\n${rejected}\n) AS "rejected"`,
    target,
    into: 'rowproof.quarantined (cause, mapping, source_key, refs)',
    format: 'text',
    onChunk: (chunk) => causes.push(chunk),
    ...(signal === undefined ? {} : { signal }),
  });
  if (sourceRows !== targetRows) throw new TypeError('the quarantine took other rows than the source sent');
  const found = [...causes.counts].map(([name, rows]) => ({
    name,
    rows,
    facts: factsOf(name.slice(name.indexOf('{'))),
  }));
  await noteBatchCauses(target, batch, found);
  return { causes: found, written: targetRows };
}

/** Writes down causes that the rows of a batch name, under names that the batch alone uses. */
export async function noteBatchCauses(
  session: Session,
  { run, mapping, ordinal }: Batch,
  causes: readonly QuarantineCause[],
): Promise<void> {
  const noted = await noteCauses(session, { run, mapping, batch: ordinal }, causes);
  if (noted !== causes.length) throw new TypeError('a batch quarantines rows for causes of another one');
}

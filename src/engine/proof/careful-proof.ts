import { bindStatement } from '../../compile/statements/bind-statement';
import type { KeyRange } from '../../contract/key';
import type { CompiledMapping } from '../../contract/compiled';
import { copyOut } from '../../postgres/copy-stream';
import type { CheckResult } from '../../postgres/ledger/run/check-result';
import type { CarefulBatch, Difference } from '../../postgres/ledger/proof/proof';
import { openQuarantine, type QuarantineBook } from '../../postgres/ledger/proof/proof-quarantine';
import { canonicalTexts, rowsByKeys } from '../../postgres/queries/proof/rows';
import type { Session } from '../../postgres/session';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { suspectsKept } from '../../validate/tally';
import type { ProofWork } from './compare-rows';
import { inSnapshots, openSides, type Sides } from './sides';
import { during } from '../../postgres/refusal';
import { dotted } from '../../sql/quote';
import { SessionScope } from '../session-scope';
import { isRefusal, formattedAs } from '../copy/refused-value';
import { keyDigest, largeValueTag } from '../run/digests';
import { sourceStatement } from '../run/source-statement';

export interface CarefulResult {
  readonly check: Omit<CheckResult, 'kind' | 'finding'>;
  readonly differences: readonly Difference[];
}

/** Counts every difference and keeps the first ones. */
class Found {
  broken = 0;
  readonly differences: Difference[] = [];

  constructor(private readonly work: ProofWork) {}

  add(difference: Pick<Difference, 'class' | 'column'>, key: string, targetKey: string | null): void {
    this.broken += 1;
    if (this.differences.length >= suspectsKept) return;
    this.differences.push({
      ...difference,
      keyDigest: keyDigest(this.work.run, this.work.mapping.name, key),
      targetKey: targetKey === null ? null : (JSON.parse(targetKey) as string[]),
    });
  }
}

async function compareLoaded(
  work: ProofWork,
  sides: Sides,
  quarantine: QuarantineBook,
  range: KeyRange,
  found: Found,
): Promise<number> {
  const { run, mapping, progress } = work;
  const large = largeValueTag(run);
  let rows = 0;
  const sql = sourceStatement(run, mapping, mapping.statements.expected, { range, except: work.refused, large });
  const actualByKey = bindStatement(mapping.statements.actualByKey, { large });
  for await (const chunk of copyOut(sides.source, sql)) {
    rows += chunk.length;
    progress.rows += chunk.length;
    const entries = await quarantine.find(chunk.map(([sourceKey]) => sourceKey as string));
    // whether a row in quarantine is absent from the target is the whole-table proof's question
    const loaded = chunk.filter(([sourceKey]) => !entries.has(sourceKey as string));
    const stored = await rowsByKeys(
      sides.target,
      actualByKey,
      loaded.map(([, targetKey]) => targetKey as string),
    );
    const byKey = new Map(stored.map(([targetKey, ...values]) => [targetKey as string, values]));
    for (const [, targetKey, ...expected] of await formattedRows(sides.formatter, mapping, loaded)) {
      const actual = byKey.get(targetKey as string);
      if (actual === undefined) found.add({ class: 'missing', column: '' }, targetKey as string, targetKey as string);
      for (const [place, value] of (actual ?? []).entries()) {
        if (value === expected[place]) continue;
        const column = mapping.columns[place]?.target ?? '';
        found.add({ class: 'mismatch', column }, targetKey as string, targetKey as string);
      }
    }
  }
  return rows;
}

/** What no column of a server can hold. */
const refusedText = '\0';

/**
 * The rows with what only the target's server can spell, spelled by it. A row with a value that it refuses is in quarantine, or differs
 * from whatever stands for it.
 */
async function formattedRows(
  formatter: Session,
  mapping: CompiledMapping,
  rows: readonly (readonly (string | null)[])[],
): Promise<readonly (readonly (string | null)[])[]> {
  const places = mapping.columns.flatMap(({ trial }, place) => (trial === undefined ? [] : [place]));
  if (places.length === 0 || rows.length === 0) return rows;
  const columns = places.map((place) => ({
    ...formattedAs(mapping, place),
    texts: rows.map((row) => row[place + 2] ?? null),
  }));
  try {
    const formatted = await canonicalTexts(formatter, columns);
    return rows.map((row, index) => {
      const texts = [...row];
      for (const [at, place] of places.entries()) texts[place + 2] = formatted[index]?.[at] ?? null;
      return texts;
    });
  } catch (error) {
    if (!isRefusal(mapping, error)) throw error;
    if (rows.length === 1)
      return rows.map((row) => row.map((text, at) => (places.includes(at - 2) ? refusedText : text)));
    const half = Math.ceil(rows.length / 2);
    return [
      ...(await formattedRows(formatter, mapping, rows.slice(0, half))),
      ...(await formattedRows(formatter, mapping, rows.slice(half))),
    ];
  }
}

/** Rows that SQL rejects must be in quarantine, whatever the careful path thought of them. */
async function compareRejected(
  work: ProofWork,
  sides: Sides,
  quarantine: QuarantineBook,
  range: KeyRange,
  found: Found,
): Promise<void> {
  const { run, mapping } = work;
  const sql = sourceStatement(run, mapping, mapping.statements.rejected, { range, except: work.refused });
  for await (const chunk of copyOut(sides.source, sql)) {
    const entries = await quarantine.find(chunk.map(([sourceKey]) => sourceKey as string));
    for (const [sourceKey] of chunk) {
      if (!entries.has(sourceKey as string))
        found.add({ class: 'mismatch', column: '' }, `source ${sourceKey ?? ''}`, null);
    }
  }
}

/**
 * Recomputes a batch that TypeScript wrote by the compiled SQL, so that each transform is still checked by the
 * implementation that did not write.
 */
export async function proveCarefulBatch(work: ProofWork, batch: CarefulBatch): Promise<CarefulResult> {
  const { host, ref, run, mapping } = work;
  const sessions = new SessionScope(host, ref, `recompute ${mapping.name}:${batch.ordinal}`);
  sessions.measure(work.progress);
  let succeeded = false;
  try {
    const sides = await openSides(sessions, run, mapping);
    const quarantine = await openQuarantine(sides.lookup, run.run, mapping.name);
    const result = await compareCareful(work, batch, quarantine, sides, (read) => inSnapshots(run, sides, read));
    succeeded = true;
    return result;
  } finally {
    await sessions.end(succeeded);
  }
}

/** The same in the snapshots that `within` reads in. What cannot be recomputed is an outcome, not a failure. */
export async function compareCareful(
  work: ProofWork,
  batch: CarefulBatch,
  quarantine: QuarantineBook,
  sides: Sides,
  within: (read: () => Promise<number>) => Promise<number>,
): Promise<CarefulResult> {
  const { mapping } = work;
  const found = new Found(work);
  const name = `${mapping.name}:${batch.ordinal}`;
  try {
    const rows = await during(`recomputing batch ${batch.ordinal} of ${dotted(mapping.target)} for the proof`, () =>
      within(async () => {
        const compared = await compareLoaded(work, sides, quarantine, batch.range, found);
        await compareRejected(work, sides, quarantine, batch.range, found);
        return compared;
      }),
    );
    return {
      check: { name, mapping: mapping.name, broken: found.broken, detail: { rows } },
      differences: found.differences,
    };
  } catch (error) {
    const { isDataError, sqlstate } = describeDatabaseError(error);
    if (!isDataError) throw error;
    // what cannot be recomputed is not green
    return { check: { name, mapping: mapping.name, broken: found.broken + 1, detail: { sqlstate } }, differences: [] };
  }
}

import { bindStatement } from '../../compile/statements/bind-statement';
import { createRecompute } from '../../compile/statements/recompute-row';
import { isMultiset } from '../../compile/key/row-identity';
import type { CompiledMapping } from '../../contract/compiled';
import { keyText } from '../../contract/key';
import type { RunRef } from '../../contract/run';
import { fail } from '../../errors/rowproof-error';
import { copyOut } from '../../postgres/copy-stream';
import type { Difference } from '../../postgres/ledger/proof/proof';
import type { QuarantineBook } from '../../postgres/ledger/proof/proof-quarantine';
import type { LoadedRun } from '../../postgres/ledger/run/run';
import { describeDatabaseError } from '../../postgres/sqlstate';
import { keyComparer } from '../../validate/compare-keys';
import { mergeRows, StreamOrderError, type MergeShape } from '../../validate/merge-rows';
import type { ProofCounts } from '../../validate/row';
import { Tally, type Suspect } from '../../validate/tally';
import type { Progress } from '../heartbeat';
import { expectedRows, targetKeyPlaces, type ExpectationWork } from './expected-rows';
import { type ProofHost } from './proof-host';
import type { Sides } from './sides';
import { namedState } from '../../errors/sqlstate-names';
import { BufferedDigest } from './row-digest';
import { keyDigest, largeValueTag, sha256 } from '../run/digests';
import { sourceStatement } from '../run/source-statement';

export interface ProofWork {
  readonly host: ProofHost;
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly mapping: CompiledMapping;
  /** Source keys that only a server could refuse: not read again, counted as decided. */
  readonly refused: readonly string[];
  readonly progress: Progress;
}

/** All that comparing rows of one mapping takes, whatever picks the rows. */
export interface Comparison {
  readonly work: ProofWork;
  readonly sides: Sides;
  readonly expectation: ExpectationWork;
  readonly shape: MergeShape;
}

export function createComparison(work: ProofWork, sides: Sides, quarantine: QuarantineBook): Comparison {
  const { mapping } = work;
  return {
    work,
    sides,
    expectation: {
      mapping,
      recompute: createRecompute(mapping, { encoding: mapping.encoding, sha256 }),
      quarantine,
      target: sides.formatter,
    },
    shape: isMultiset(mapping)
      ? { compare: keyComparer(['bytes']), keyPlaces: [0], multiset: true, columns: mapping.columns.length }
      : {
          compare: keyComparer(mapping.targetKey.map((column) => column.order)),
          keyPlaces: targetKeyPlaces(mapping),
          columns: mapping.columns.length,
        },
  };
}

/** What one look at a slice showed. */
export interface Look {
  readonly counts: ProofCounts;
  readonly expectedDigest: string;
  readonly actualDigest: string;
  readonly suspects: readonly Suspect[];
}

/** Merges both streams of a slice row by row and field by field. The snapshots are the caller's. */
export async function compareSliceByRows(
  { work, sides, expectation, shape }: Comparison,
  slice: { readonly index: number; readonly of: number },
): Promise<Look> {
  const { run, mapping, refused, progress } = work;
  const large = largeValueTag(run);
  const expectedDigest = new BufferedDigest(run.secret);
  const actualDigest = new BufferedDigest(run.secret);
  const tally = new Tally(shape.keyPlaces, {
    expected: (text) => expectedDigest.add(text),
    actual: (text) => actualDigest.add(text),
  });
  if (slice.index === 0) for (const _ of refused) tally.decided();
  const raw = sourceStatement(run, mapping, mapping.statements.rawInProofOrder, { slice, except: refused, large });
  const actual = bindStatement(mapping.statements.actualInProofOrder, { slice, large });
  await mergeRows(
    shape,
    expectedRows(expectation, counted(copyOut(sides.source, raw), progress), tally),
    copyOut(sides.target, actual),
    tally,
  );
  return {
    counts: tally.counts,
    expectedDigest: expectedDigest.hex(),
    actualDigest: actualDigest.hex(),
    suspects: tally.suspects,
  };
}

/** What a failure while comparing means for the user. */
export function explained(mapping: CompiledMapping, error: unknown): unknown {
  const where = { object: mapping.name };
  if (error instanceof StreamOrderError) {
    return fail('RP6002', `The rows of ${mapping.name} do not come in the order of their key`, { where, cause: error });
  }
  const { isDataError, sqlstate } = describeDatabaseError(error);
  if (!isDataError) return error;
  return fail(
    'RP6003',
    `The source rows of ${mapping.name} could not be recomputed: ${namedState(sqlstate ?? 'none')}`,
    {
      where,
      cause: error,
    },
  );
}

/** A suspect as the ledger keeps it: keys as digests, one row a column. */
export function differencesOf(run: LoadedRun, mapping: CompiledMapping, suspect: Suspect): Difference[] {
  const key = suspect.targetKey === null ? `source ${suspect.sourceKey ?? ''}` : keyText(suspect.targetKey);
  const columns =
    suspect.columns.length === 0 ? [''] : suspect.columns.map((place) => mapping.columns[place]?.target ?? '');
  return columns.map((column) => ({
    class: suspect.class,
    keyDigest: keyDigest(run, mapping.name, key),
    column,
    // of contents only a keyed digest may stay
    targetKey: isMultiset(mapping) ? null : suspect.targetKey,
  }));
}

async function* counted<Row>(
  chunks: AsyncIterable<readonly Row[]>,
  progress: Progress,
): AsyncGenerator<readonly Row[]> {
  for await (const chunk of chunks) {
    progress.rows += chunk.length;
    yield chunk;
  }
}

import { createHmac, type Hmac } from 'node:crypto';
import { bindStatement } from '../src/compile/bind-statement';
import { createRecompute } from '../src/compile/recompute-row';
import type { CompiledMapping } from '../src/contract/compiled';
import { keyText } from '../src/contract/key';
import type { RunRef } from '../src/contract/run';
import { fail } from '../src/errors/rowproof-error';
import { copyOut } from '../src/postgres/copy-stream';
import type { Difference } from '../src/postgres/ledger/proof';
import { openQuarantine } from '../src/postgres/ledger/proof-quarantine';
import type { LoadedRun } from '../src/postgres/ledger/run';
import { describeDatabaseError } from '../src/postgres/sqlstate';
import { keyComparer } from '../src/validate/compare-keys';
import { mergeRows, StreamOrderError, type MergeShape } from '../src/validate/merge-rows';
import type { ProofCounts } from '../src/validate/row';
import { reproduced, Tally, type Suspect } from '../src/validate/tally';
import type { Progress } from './copy-heartbeat';
import { CopySessions } from './copy-sessions';
import { readAgain } from './validation-confirm';
import { expectedRows, targetKeyPlaces, type ExpectationWork } from './validation-expected';
import { keyDigest, sha256, sourceStatement, type ReadyHost } from './validation-host';
import { inSnapshots, openSides, type Sides } from './validation-sides';

export interface ProofWork {
  readonly host: ReadyHost;
  readonly ref: RunRef;
  readonly run: LoadedRun;
  readonly mapping: CompiledMapping;
  /** Source keys that only a server could refuse: not read again, counted as decided. */
  readonly refused: readonly string[];
  readonly progress: Progress;
}

export interface SliceResult {
  readonly counts: ProofCounts;
  readonly expectedDigest: string;
  readonly actualDigest: string;
  readonly differences: readonly Difference[];
}

/** Looks at a slice that something writes into are given up after this many; what the last one saw is reported. */
const looks = 3;

/**
 * Proves one slice: both streams in one snapshot a side, taken before the first row is read. What looks wrong is read
 * again in new snapshots; when it does not look the same, something moved and the slice is proved anew.
 */
export async function proveSlice(work: ProofWork, slice: { index: number; of: number }): Promise<SliceResult> {
  const { host, ref, run, mapping } = work;
  const sessions = new CopySessions(host, ref, `prove ${mapping.name}`, host.signal());
  let succeeded = false;
  try {
    const sides = await openSides(sessions, run, mapping);
    const expectation: ExpectationWork = {
      mapping,
      recompute: createRecompute(mapping, { encoding: mapping.encoding, sha256 }),
      quarantine: await openQuarantine(sides.helper, run.run, mapping.name),
      target: sides.helper,
    };
    const shape: MergeShape = {
      compare: keyComparer(mapping.targetKey.map((column) => column.order)),
      keyPlaces: targetKeyPlaces(mapping),
      columns: mapping.columns.length,
    };
    let result = await look(work, sides, expectation, shape, slice);
    for (let round = 1; round < looks && result.suspects.length > 0; round += 1) {
      const second = await inSnapshots(run, sides, () => readAgain(work, sides, expectation, shape, result.suspects));
      if (reproduced(result.suspects, second)) break;
      result = await look(work, sides, expectation, shape, slice);
    }
    succeeded = true;
    return {
      counts: result.counts,
      expectedDigest: result.expectedDigest,
      actualDigest: result.actualDigest,
      differences: result.suspects.flatMap((suspect) => differencesOf(run, mapping, suspect)),
    };
  } catch (error) {
    throw explained(mapping, error);
  } finally {
    await sessions.end(succeeded);
  }
}

function explained(mapping: CompiledMapping, error: unknown): unknown {
  const where = { object: mapping.name };
  if (error instanceof StreamOrderError) {
    return fail('RP6002', `The rows of ${mapping.name} do not come in the order of their key`, { where, cause: error });
  }
  const { isDataError, sqlstate } = describeDatabaseError(error);
  if (!isDataError) return error;
  return fail('RP6003', `The source rows of ${mapping.name} could not be recomputed (SQLSTATE ${sqlstate ?? 'none'})`, {
    where,
    cause: error,
  });
}

interface Look extends Omit<SliceResult, 'differences'> {
  readonly suspects: readonly Suspect[];
}

function look(
  work: ProofWork,
  sides: Sides,
  expectation: ExpectationWork,
  shape: MergeShape,
  slice: { index: number; of: number },
): Promise<Look> {
  const { run, mapping, refused, progress } = work;
  const expectedDigest = new BufferedDigest(run.secret);
  const actualDigest = new BufferedDigest(run.secret);
  const tally = new Tally(shape.keyPlaces, {
    expected: (text) => expectedDigest.add(text),
    actual: (text) => actualDigest.add(text),
  });
  if (slice.index === 0) for (const _ of refused) tally.decided();
  return inSnapshots(run, sides, async () => {
    const raw = sourceStatement(run, mapping, mapping.statements.rawInProofOrder, { slice, except: refused });
    const actual = bindStatement(mapping.statements.actualInProofOrder, { slice });
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
  });
}

/** HMAC-SHA256 over texts as UTF-8; gathers them, because a call to the digest costs more than hashing a row. */
class BufferedDigest {
  private readonly hmac: Hmac;
  private waiting = '';

  constructor(secret: Buffer) {
    this.hmac = createHmac('sha256', secret);
  }

  add(text: string): void {
    this.waiting += text;
    if (this.waiting.length > 65_536) this.flush();
  }

  hex(): string {
    this.flush();
    return this.hmac.digest('hex');
  }

  private flush(): void {
    this.hmac.update(this.waiting, 'utf8');
    this.waiting = '';
  }
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

function differencesOf(run: LoadedRun, mapping: CompiledMapping, suspect: Suspect): Difference[] {
  const key = suspect.targetKey === null ? `source ${suspect.sourceKey ?? ''}` : keyText(suspect.targetKey);
  const columns =
    suspect.columns.length === 0 ? [''] : suspect.columns.map((place) => mapping.columns[place]?.target ?? '');
  return columns.map((column) => ({
    class: suspect.class,
    keyDigest: keyDigest(run, mapping.name, key),
    column,
    targetKey: suspect.targetKey,
  }));
}

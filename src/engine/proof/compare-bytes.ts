import { createHmac } from 'node:crypto';
import { bindStatement } from '../../compile/statements/bind-statement';
import { byteStreams, type ByteStreams } from '../../compile/statements/byte-streams';
import { createRecompute } from '../../compile/statements/recompute-row';
import { keyText } from '../../contract/key';
import { fieldTexts, type ByteRows } from '../../postgres/wire/copy-binary';
import { copyOutBinary } from '../../postgres/copy-stream';
import { byteKeyParts, compareByteKeys } from '../../validate/compare-byte-keys';
import { createExpectRow } from '../../validate/expect-row';
import { noCounts } from '../../validate/row';
import { limitSuspects, type Suspect } from '../../validate/tally';
import type { Comparison, Look } from './compare-rows';
import { compareKeys } from './confirm-differences';
import { largeValueTag, sha256 } from '../run/digests';
import { sourceStatement } from '../run/source-statement';
import { BufferedDigest } from './row-digest';

/** Rows that their bytes do not prove; with more of them in a slice it is compared by rows and fields as a whole. */
const mostLeft = 20_000;
const leftAtOnce = 1_000;

interface Left {
  readonly sourceKeys: string[];
  readonly targetKeys: string[];
}

/**
 * Compares a slice as two ordered binary streams: a row whose leading bytes are equal and whose other columns are what the second
 * implementation makes of their inputs is proved. Every other row of either side, and every row in quarantine, is read again by its key
 * and compared field by field in the same snapshots. Null where that has to be done for the whole slice.
 */
export async function compareBytes(
  comparison: Comparison,
  slice: { readonly index: number; readonly of: number },
): Promise<Look | null> {
  const { work, sides } = comparison;
  const { run, mapping, refused, progress } = work;
  const context = { encoding: mapping.encoding, sha256 };
  const streams = byteStreams(mapping, context);
  if (streams === null) return null;
  const large = largeValueTag(run);
  const source = sourceStatement(run, mapping, streams.source, { slice, except: refused, large });
  const target = bindStatement(streams.target, { slice, large });
  const merge = new ByteMerge(comparison, streams);
  const counted = async function* (): AsyncGenerator<ByteRows> {
    for await (const rows of copyOutBinary(sides.source, source, streams.leading)) {
      progress.rows += rows.starts.length;
      yield rows;
    }
  };
  if (!(await merge.run(counted(), copyOutBinary(sides.target, target, streams.leading)))) return null;

  const counts = noCounts();
  counts.expected = counts.actual = counts.identical = merge.proved;
  if (slice.index === 0) {
    counts.expected += refused.length;
    counts.decided += refused.length;
  }
  const suspects: Suspect[] = [];
  const expected = new BufferedDigest(run.secret);
  const actual = new BufferedDigest(run.secret);
  const digests = { expected: (text: string) => expected.add(text), actual: (text: string) => actual.add(text) };
  for (const part of parts(merge.left)) {
    const { tally } = await compareKeys(comparison, part.sourceKeys, part.targetKeys, refused, digests);
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += tally.counts[name];
    suspects.push(...tally.suspects);
  }
  const shared = merge.digest.digest('hex');
  const digestOf = (own: string): string => createHmac('sha256', run.secret).update(shared).update(own).digest('hex');
  return {
    counts,
    expectedDigest: digestOf(expected.hex()),
    actualDigest: digestOf(actual.hex()),
    suspects: limitSuspects(suspects),
  };
}

function* parts({ sourceKeys, targetKeys }: Left): Generator<Left> {
  for (let at = 0; at < Math.max(sourceKeys.length, targetKeys.length); at += leftAtOnce) {
    const to = at + leftAtOnce;
    yield { sourceKeys: sourceKeys.slice(at, to), targetKeys: targetKeys.slice(at, to) };
  }
}

/** A position in a stream of rows; moving inside a chunk is synchronous. */
class ByteCursor {
  rows: ByteRows = { bytes: Buffer.alloc(0), starts: [], middles: [], ends: [] };
  at = 0;
  done = false;

  constructor(private readonly chunks: AsyncGenerator<ByteRows>) {}

  get start(): number {
    return this.rows.starts[this.at] as number;
  }

  get middle(): number {
    return this.rows.middles[this.at] as number;
  }

  get end(): number {
    return this.rows.ends[this.at] as number;
  }

  /** False when the next chunk has to be awaited. */
  step(): boolean {
    this.at += 1;
    return this.at < this.rows.starts.length;
  }

  async next(): Promise<void> {
    const next = await this.chunks.next();
    this.at = 0;
    if (next.done === true) this.done = true;
    else this.rows = next.value;
  }

  /** A COPY cannot be ended from this side without ending its session. */
  async drain(): Promise<void> {
    while (!this.done) await this.next();
  }

  async close(): Promise<void> {
    await this.chunks.return(undefined);
  }
}

class ByteMerge {
  proved = 0;
  readonly left: Left = { sourceKeys: [], targetKeys: [] };
  readonly digest;
  private readonly recompute;
  private readonly expectRow;
  private readonly columns: number;
  private quarantined: ReadonlyMap<string, unknown> = new Map<string, unknown>();
  private last: { readonly bytes: Buffer; readonly start: number } | null = null;
  private lastActual: { readonly bytes: Buffer; readonly start: number } | null = null;

  constructor(
    private readonly comparison: Comparison,
    private readonly streams: ByteStreams,
  ) {
    const { run, mapping } = comparison.work;
    this.digest = createHmac('sha256', run.secret);
    this.recompute = createRecompute(streams.recomputed, { encoding: mapping.encoding, sha256 });
    this.expectRow = createExpectRow(streams.recomputed);
    this.columns = streams.recomputed.columns.length;
  }

  /** False when the streams are not in strict order of their key, or too much is left. Both streams are at their end then. */
  async run(sourceRows: AsyncGenerator<ByteRows>, targetRows: AsyncGenerator<ByteRows>): Promise<boolean> {
    const source = new ByteCursor(sourceRows);
    const target = new ByteCursor(targetRows);
    try {
      await Promise.all([this.nextSource(source), target.next()]);
      let from = target.done ? 0 : target.start - 2;
      while (!source.done || !target.done) {
        if (this.left.sourceKeys.length + this.left.targetKeys.length > mostLeft) {
          await Promise.all([source.drain(), target.drain()]);
          return false;
        }
        if (!source.done && this.lacksValue(source)) {
          this.left.sourceKeys.push(sourceKey(source));
          if (!source.step()) await this.nextSource(source);
          continue;
        }
        const same = !source.done && !target.done && this.leadingEqual(source, target);
        const lost = !target.done && this.lacksValue(target);
        const order = same ? 0 : source.done || lost ? 1 : target.done ? -1 : this.order(source, target);
        if (
          lost ||
          (order <= 0 && !this.inOrder(source, 'last')) ||
          (order >= 0 && !this.inOrder(target, 'lastActual'))
        ) {
          await Promise.all([source.drain(), target.drain()]);
          return false;
        }
        const proved = same && this.isProved(source, target);
        if (proved) this.proved += 1;
        else {
          if (order <= 0) this.left.sourceKeys.push(sourceKey(source));
          if (order >= 0) this.left.targetKeys.push(this.targetKey(target));
        }
        if (order >= 0) {
          if (!proved) {
            // what was proved before it, in one piece: a call costs more than hashing a row
            this.digest.update(target.rows.bytes.subarray(from, Math.max(from, target.start - 2)));
            from = target.end;
          }
          const { bytes } = target.rows;
          const end = target.end;
          if (!target.step()) {
            this.digest.update(bytes.subarray(from, Math.max(from, end)));
            await target.next();
            from = target.done ? 0 : target.start - 2;
          }
        }
        if (order <= 0 && !source.step()) await this.nextSource(source);
      }
      return true;
    } finally {
      await Promise.allSettled([source.close(), target.close()]);
    }
  }

  private async nextSource(source: ByteCursor): Promise<void> {
    await source.next();
    const { quarantine } = this.comparison.expectation;
    if (source.done || quarantine.empty) return;
    const { bytes, middles, ends } = source.rows;
    this.quarantined = await quarantine.find(
      middles.map((middle, row) => fieldTexts(bytes, middle, ends[row] as number).at(-1) as string),
    );
  }

  /** Whether a column is NULL whose target takes none: such a row has a reason to stay behind, and may have no key. */
  private lacksValue({ rows, start }: ByteCursor): boolean {
    let at = start;
    for (let field = 0; field < this.streams.required; field += 1) {
      const length = rows.bytes.readInt32BE(at);
      if (length < 0) return true;
      at += 4 + length;
    }
    return false;
  }

  private leadingEqual(source: ByteCursor, target: ByteCursor): boolean {
    const [a, b] = [source.start, target.start];
    const length = source.middle - a;
    return (
      length === target.middle - b && source.rows.bytes.compare(target.rows.bytes, b, b + length, a, a + length) === 0
    );
  }

  private order(source: ByteCursor, target: ByteCursor): number {
    return compareByteKeys(this.streams.keys, source.rows.bytes, source.start, target.rows.bytes, target.start);
  }

  /** Whether this key is greater than the one before: two rows of one key are for the comparison by rows. */
  private inOrder({ rows, start }: ByteCursor, side: 'last' | 'lastActual'): boolean {
    const before = this[side];
    this[side] = { bytes: rows.bytes, start };
    return before === null || compareByteKeys(this.streams.keys, rows.bytes, start, before.bytes, before.start) > 0;
  }

  /** Whether a row with equal leading bytes is not in quarantine, has no reason to be, and its other columns are as recomputed. */
  private isProved(source: ByteCursor, target: ByteCursor): boolean {
    if (!this.comparison.expectation.quarantine.empty && this.quarantined.has(sourceKey(source))) return false;
    if (this.columns === 0) return true;
    const inputs = fieldTexts(source.rows.bytes, source.middle, source.end);
    inputs.pop();
    const expectation = this.expectRow(this.recomputed(inputs), undefined);
    if (expectation.kind !== 'row' || expectation.server !== null) return false;
    const actual = fieldTexts(target.rows.bytes, target.middle, target.end);
    return expectation.values.every((value, at) => value === actual[at]);
  }

  private recomputed(inputs: readonly (string | null)[]): ReturnType<ReturnType<typeof createRecompute>> | null {
    try {
      return this.recompute(inputs);
    } catch {
      // the comparison by rows says what becomes of it
      return null;
    }
  }

  private targetKey({ rows, start }: ByteCursor): string {
    return keyText(byteKeyParts(this.streams.keys, rows.bytes, start));
  }
}

function sourceKey({ rows, middle, end }: ByteCursor): string {
  return fieldTexts(rows.bytes, middle, end).at(-1) as string;
}

/** The binary format of COPY: a header, then rows of a 16-bit field count and fields of a 32-bit length (-1 for NULL) and bytes. */

/** Whole rows in one buffer. Of row `n` its fields stand from `starts[n]` to `ends[n]`, the leading ones up to `middles[n]`. */
export interface ByteRows {
  readonly bytes: Buffer;
  readonly starts: number[];
  readonly middles: number[];
  readonly ends: number[];
}

const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const flagsAndLength = 8;

/** Finds the rows in a stream of bytes without reading a field. `leading`: how many fields of a row are marked off. */
export class CopyBinaryDecoder {
  private pending: Buffer[] = [];
  private waiting = 0;
  /** Bytes without which no more rows are whole. */
  private needed = 0;
  private begun = false;
  private ended = false;

  constructor(private readonly leading: number) {}

  /** The rows that `chunk` completes. */
  push(chunk: Buffer): ByteRows {
    const rows: ByteRows = { bytes: chunk, starts: [], middles: [], ends: [] };
    this.pending.push(chunk);
    this.waiting += chunk.length;
    if (this.waiting < this.needed) return rows;
    const bytes = this.pending.length === 1 ? chunk : Buffer.concat(this.pending);
    const found = { ...rows, bytes };
    const rest = this.walk(found);
    this.pending = rest < bytes.length ? [bytes.subarray(rest)] : [];
    this.waiting = bytes.length - rest;
    return found;
  }

  /** Raises when the stream ended before its last row was whole. */
  end(): void {
    if (!this.ended || this.waiting > 0) throw new Error('COPY ended inside a row');
  }

  /** Where the first row begins that is not whole. */
  private walk({ bytes, starts, middles, ends }: ByteRows): number {
    let from = 0;
    this.needed = 0;
    if (!this.begun) {
      const header = signature.length + flagsAndLength;
      if (bytes.length < header) return 0;
      if (bytes.compare(signature, 0, signature.length, 0, signature.length) !== 0)
        throw new Error('COPY did not begin with the signature of its binary format');
      from = header + bytes.readUInt32BE(header - 4);
      this.begun = true;
    }
    while (from + 2 <= bytes.length) {
      const fields = bytes.readInt16BE(from);
      if (fields === -1) {
        this.ended = true;
        return from + 2;
      }
      let at = from + 2;
      let middle = at;
      for (let field = 0; field < fields; field += 1) {
        if (at + 4 > bytes.length) return this.short(from, at + 4);
        const length = bytes.readInt32BE(at);
        at += length > 0 ? 4 + length : 4;
        if (field + 1 === this.leading) middle = at;
      }
      if (at > bytes.length) return this.short(from, at);
      starts.push(from + 2);
      middles.push(middle);
      ends.push(at);
      from = at;
    }
    return from;
  }

  private short(from: number, to: number): number {
    this.needed = to - from;
    return from;
  }
}

/** The fields of one row from an offset on as UTF-8 text, which is what they are where the statement casts them. */
export function fieldTexts(bytes: Buffer, from: number, to: number): (string | null)[] {
  const texts: (string | null)[] = [];
  for (let at = from; at < to;) {
    const length = bytes.readInt32BE(at);
    at += 4;
    texts.push(length < 0 ? null : bytes.toString('utf8', at, at + length));
    if (length > 0) at += length;
  }
  return texts;
}

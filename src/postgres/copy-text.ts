/** The text format of COPY: tab between fields, newline after rows, \N for NULL, backslash escapes. */

const newline = 0x0a;

/** Decodes a stream of bytes into rows. Values split over chunks are collected, never concatenated twice. */
export class CopyTextDecoder {
  private pending: Buffer[] = [];

  /** The rows that `chunk` completes. */
  push(chunk: Buffer): (string | null)[][] {
    const last = chunk.lastIndexOf(newline);
    if (last < 0) {
      this.pending.push(chunk);
      return [];
    }
    // a newline byte is never part of a UTF-8 character, nor is it data: COPY writes data newlines as \n
    const whole = chunk.subarray(0, last);
    const text =
      this.pending.length === 0 ? whole.toString('utf8') : Buffer.concat([...this.pending, whole]).toString('utf8');
    this.pending = last + 1 < chunk.length ? [chunk.subarray(last + 1)] : [];
    return text.split('\n').map(decodeCopyRow);
  }

  /** Raises when the stream ended inside a row. */
  end(): void {
    if (this.pending.some((part) => part.length > 0)) throw new Error('COPY ended inside a row');
  }
}

/** One line without its newline. A row of a relation without columns is one empty field here, as on the wire. */
export function decodeCopyRow(line: string): (string | null)[] {
  const fields: (string | null)[] = line.split('\t');
  if (!line.includes('\\')) return fields;
  return fields.map((field) => (field === '\\N' ? null : unescape(field as string)));
}

const named: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function unescape(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\(.)/gs, (_, character: string) => named[character] ?? character);
}

const blockSize = 64 * 1024;

/** Encodes rows into blocks of about 64 kB; a large value is a block of its own size. */
export function* encodeCopyRows(rows: readonly (readonly (string | null)[])[]): Generator<Buffer> {
  let lines: string[] = [];
  let size = 0;
  for (const row of rows) {
    const line = `${row.map(encodeField).join('\t')}\n`;
    lines.push(line);
    size += line.length;
    if (size >= blockSize) {
      yield Buffer.from(lines.join(''), 'utf8');
      lines = [];
      size = 0;
    }
  }
  if (lines.length > 0) yield Buffer.from(lines.join(''), 'utf8');
}

const special = /[\\\n\r\t]/;

function encodeField(value: string | null): string {
  if (value === null) return '\\N';
  if (!special.test(value)) return value;
  return value.replace(/[\\\n\r\t]/g, (character) =>
    character === '\\' ? '\\\\' : character === '\n' ? '\\n' : character === '\r' ? '\\r' : '\\t',
  );
}

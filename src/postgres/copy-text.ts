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

const backslash = 0x5c;
const named: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const namedBytes = new Map(Object.entries(named).map(([letter, meant]) => [letter.charCodeAt(0), meant.charCodeAt(0)]));

/** Above this many characters a value is worked on as bytes or in slices: one `replace` of 50 MB ends the process. */
const large = 64 * 1024;

function unescape(field: string): string {
  if (!field.includes('\\')) return field;
  if (field.length > large) return unescapeBytes(Buffer.from(field, 'utf8'));
  return field.replace(/\\(.)/gs, (_, character: string) => named[character] ?? character);
}

function unescapeBytes(bytes: Buffer): string {
  let written = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] as number;
    if (byte === backslash && at + 1 < bytes.length) {
      at += 1;
      byte = bytes[at] as number;
      byte = namedBytes.get(byte) ?? byte;
    }
    bytes[written] = byte;
    written += 1;
  }
  return bytes.toString('utf8', 0, written);
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
  if (value.length <= large) return escape(value);
  const slices: string[] = [];
  for (let at = 0; at < value.length; at += large) slices.push(escape(value.slice(at, at + large)));
  return slices.join('');
}

function escape(text: string): string {
  return text.replace(/[\\\n\r\t]/g, (character) =>
    character === '\\' ? '\\\\' : character === '\n' ? '\\n' : character === '\r' ? '\\r' : '\\t',
  );
}

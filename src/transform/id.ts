import { literal } from '../sql/quote';
import { plain } from './sql-text';

/**
 * New ids. A uuid is RFC 9562 version 8 over SHA-256 of the namespace and the parts, each as UTF-8 bytes after its length in
 * four bytes, so that ("a", "bc") and ("ab", "c") differ. PostgreSQL computes it without an extension, in any encoding;
 * under SQL_ASCII the bytes are taken as they are and must be UTF-8.
 */

const encoder = new TextEncoder();

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function prefixed(bytes: Uint8Array): number[] {
  const { length } = bytes;
  return [(length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255, ...bytes];
}

/** An SQL expression of type uuid. `parts` are text expressions that are never NULL; each is written twice. */
export function uuidFromSql(namespace: string, parts: readonly string[]): string {
  const start = hex(Uint8Array.from(prefixed(encoder.encode(namespace))));
  const bytes = parts.map((part) => {
    const encoded = `convert_to(${part}, 'UTF8')`;
    return ` || int4send(octet_length(${encoded})) || ${encoded}`;
  });
  const hash = `sha256(decode(${literal(start)}, 'hex')${bytes.join('')})`;
  // Bits 7 to 4 of byte 6 are the version 1000, bits 7 and 6 of byte 8 the variant 10.
  const bits = [
    [55, 1],
    [54, 0],
    [53, 0],
    [52, 0],
    [71, 1],
    [70, 0],
  ] as const;
  const marked = bits.reduce((inner, [bit, value]) => `set_bit(${inner}, ${bit}, ${value})`, hash);
  return `encode(substr(${marked}, 1, 16), 'hex')::uuid`;
}

/** The twin of `uuidFromSql`: canonical text of the uuid. */
export function uuidFrom(
  namespace: string,
  parts: readonly string[],
  sha256: (bytes: Uint8Array) => Uint8Array,
): string {
  const bytes = Uint8Array.from([namespace, ...parts].flatMap((part) => prefixed(encoder.encode(part))));
  const hash = sha256(bytes).slice(0, 16);
  hash[6] = ((hash[6] as number) & 0x0f) | 0x80;
  hash[8] = ((hash[8] as number) & 0x3f) | 0x80;
  return hex(hash).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const whole = '^[+-]?[0-9]+$';
const wholeNumber = new RegExp(whole);
const longest = 1000;

/** Text of a whole number plus `by`; NULL where the text is none. The input is written three times. */
export function offsetSql(input: string, by: string): string {
  return `CASE WHEN length(${plain(input)}) <= ${longest} AND ${plain(input)} ~ '${whole}' THEN ((${input})::numeric + (${BigInt(by)}))::text END`;
}

/** The twin of `offsetSql`. */
export function offset(input: string | null, by: string): string | null {
  if (input === null || input.length > longest || !wholeNumber.test(input)) return null;
  return (BigInt(input.replace(/^\+/, '')) + BigInt(by)).toString();
}

import { canEncode, repertoire } from './encoding';

/** Which texts of a source database cannot be sent as UTF-8, and which the target's encoding cannot hold, as SQL over the source. */

/** Bytes of an SQL_ASCII database that are UTF-8: there a regular expression sees each byte as a character. */
const utf8 = [
  '[\\u0001-\\u007f]',
  '[\\u00c2-\\u00df][\\u0080-\\u00bf]',
  '\\u00e0[\\u00a0-\\u00bf][\\u0080-\\u00bf]',
  '[\\u00e1-\\u00ec\\u00ee\\u00ef][\\u0080-\\u00bf][\\u0080-\\u00bf]',
  '\\u00ed[\\u0080-\\u009f][\\u0080-\\u00bf]',
  '\\u00f0[\\u0090-\\u00bf][\\u0080-\\u00bf][\\u0080-\\u00bf]',
  '[\\u00f1-\\u00f3][\\u0080-\\u00bf][\\u0080-\\u00bf][\\u0080-\\u00bf]',
  '\\u00f4[\\u0080-\\u008f][\\u0080-\\u00bf][\\u0080-\\u00bf]',
].join('|');

/** Bytes that stand for no character, which PostgreSQL stores and cannot convert; encodings of one byte a character. */
const undefinedBytes: Readonly<Record<string, string>> = {
  ISO_8859_6: 'a1a2a3a5a6a7a8a9aaabaeafb0b1b2b3b4b5b6b7b8b9babcbdbec0dbdcdddedff3f4f5f6f7f8f9fafbfcfdfeff',
  ISO_8859_7: 'aed2ff',
  ISO_8859_8: 'a1bfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddefbfcff',
  LATIN3: 'a5aebec3d0e3f0',
  WIN1250: '8183889098',
  WIN1251: '98',
  WIN1252: '818d8f909d',
  WIN1253: '81888a8c8d8e8f90989a9c9d9e9faad2ff',
  WIN1254: '818d8e8f909d9e',
  WIN1255: '818a8c8d8e8f909a9c9d9e9fcad9dadbdcdddedffbfcff',
  WIN1257: '8183888a8c90989a9c9fa1a5',
  WIN1258: '818a8d8e8f909a9d9e',
  WIN874: '81828384868788898a8b8c8d8e8f9098999a9b9c9d9e9fdbdcdddefcfdfeff',
};

/** SQL boolean (NULL for NULL) that is true where the server cannot send the text; null where that cannot be. */
export function untranslatableSql(encoding: string, text: string): string | null {
  if (encoding === 'SQL_ASCII') return `((${text}) COLLATE "C" !~ '^(${utf8})*$')`;
  const bytes = undefinedBytes[encoding];
  if (bytes === undefined) return null;
  return `((${text}) COLLATE "C" ~ '[${bytes.replace(/../g, (byte) => `\\u00${byte}`)}]')`;
}

/** Number of characters of a text, where the server counts bytes. */
export function characterCountSql(text: string): string {
  return `length(regexp_replace((${text}) COLLATE "C", '[\\u0080-\\u00bf]', '', 'g'))`;
}

/** Types whose text is ASCII in every encoding. */
const plainTypes: ReadonlySet<string> = new Set([
  ...['boolean', 'smallint', 'integer', 'bigint', 'oid', 'numeric', 'real', 'double precision', 'uuid', 'bytea'],
  ...['date', 'time without time zone', 'time with time zone', 'timestamp without time zone'],
  ...['timestamp with time zone', 'interval', 'inet', 'cidr', 'macaddr', 'macaddr8', 'bit', 'bit varying', 'pg_lsn'],
  ...['point', 'line', 'lseg', 'box', 'path', 'polygon', 'circle', 'int4range', 'int8range', 'numrange', 'daterange'],
]);

export function holdsCharacters(type: string): boolean {
  return !plainTypes.has(type.replace(/\[\]$/, ''));
}

/** Encodings of one byte a character: what they hold is known here. */
const singleByte: ReadonlySet<string> = new Set([
  ...['LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10'],
  ...['ISO_8859_5', 'ISO_8859_6', 'ISO_8859_7', 'ISO_8859_8', 'WIN866', 'WIN874', 'KOI8R', 'KOI8U'],
  ...['WIN1250', 'WIN1251', 'WIN1252', 'WIN1253', 'WIN1254', 'WIN1255', 'WIN1256', 'WIN1257', 'WIN1258'],
]);

function isEvaluated(encoding: string, target: string): boolean {
  return singleByte.has(target) && encoding !== target && (encoding === 'UTF8' || singleByte.has(encoding));
}

/**
 * SQL boolean (NULL for NULL) that is true where a text of the source has a character that the target's encoding does not have; null
 * where that cannot be, or where one of the encodings is not of those that are known here.
 */
export function foreignSql(encoding: string, target: string, text: string): string | null {
  if (!isEvaluated(encoding, target)) return null;
  // literals of the statement go to the source in UTF-8, so the class may name every character that both have
  return `((${text}) COLLATE "C" ~ '[^\\u0001-\\u007f${repertoire(encoding, charactersOf(target))}]')`;
}

/** TypeScript twin of `foreignSql`. */
export function isForeign(encoding: string, target: string, text: string): boolean {
  return isEvaluated(encoding, target) && !canEncode(target, text);
}

const known = new Map<string, string>();

/** Every character beyond ASCII that an encoding of one byte a character has: they lie in the first planes' alphabets and signs. */
function charactersOf(encoding: string): string {
  let characters = known.get(encoding);
  if (characters === undefined) {
    characters = '';
    for (let point = 0x80; point < 0x2700; point += 1) {
      const character = String.fromCharCode(point);
      if (canEncode(encoding, character)) characters += character;
    }
    known.set(encoding, characters);
  }
  return characters;
}

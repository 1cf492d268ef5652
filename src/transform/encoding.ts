import iconv from 'iconv-lite';

/** PostgreSQL's server encodings as iconv-lite names them; encodings that it does not know are limited to ASCII. */
const iconvNames: Readonly<Record<string, string>> = {
  LATIN1: 'iso88591',
  LATIN2: 'iso88592',
  LATIN3: 'iso88593',
  LATIN4: 'iso88594',
  LATIN5: 'iso88599',
  LATIN6: 'iso885910',
  LATIN7: 'iso885913',
  LATIN8: 'iso885914',
  LATIN9: 'iso885915',
  LATIN10: 'iso885916',
  ISO_8859_5: 'iso88595',
  ISO_8859_6: 'iso88596',
  ISO_8859_7: 'iso88597',
  ISO_8859_8: 'iso88598',
  WIN866: 'cp866',
  WIN874: 'win874',
  WIN1250: 'win1250',
  WIN1251: 'win1251',
  WIN1252: 'win1252',
  WIN1253: 'win1253',
  WIN1254: 'win1254',
  WIN1255: 'win1255',
  WIN1256: 'win1256',
  WIN1257: 'win1257',
  WIN1258: 'win1258',
  KOI8R: 'koi8r',
  KOI8U: 'koi8u',
  EUC_JP: 'eucjp',
  EUC_KR: 'euckr',
};

const ascii = /^[\x01-\x7f]*$/;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * True when every character of `text` exists in the server encoding, so that it may stand in a statement and be compared
 * character by character. SQL_ASCII works on bytes, hence on ASCII only.
 */
export function canEncode(encoding: string, text: string): boolean {
  if (ascii.test(text)) return true;
  if (text.includes('\0') || loneSurrogate.test(text)) return false;
  if (encoding === 'UTF8') return true;
  // iconv-lite decodes what is undefined to U+FFFD, and has one character more in WIN1255 than PostgreSQL.
  if (/[\ufffd\u05ba]/.test(text)) return false;
  const name = iconvNames[encoding];
  if (name === undefined) return false;
  const bytes = iconv.encode(text, name);
  // iconv-lite's euckr is its superset cp949, whose further syllables have a byte below A1.
  if (encoding === 'EUC_KR') {
    const beyond = Array.from(text).filter((character) => !ascii.test(character)).length;
    if (bytes.filter((byte) => byte >= 0xa1).length !== beyond * 2) return false;
  }
  return iconv.decode(bytes, name) === text;
}

/** The characters of `characters` that exist in the server encoding. */
export function repertoire(encoding: string, characters: string): string {
  return canEncode(encoding, characters)
    ? characters
    : Array.from(characters)
        .filter((character) => canEncode(encoding, character))
        .join('');
}

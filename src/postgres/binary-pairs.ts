/**
 * Binary COPY does not check types: a float8 received as int8 becomes another number without an error. A column may travel
 * as binary only when both sides use the same format of the same built-in type.
 */

/** Built-in types whose binary form is the same on every server from 13 to 18, whatever its encoding or locale. */
const stable = new Set([
  16, // bool
  17, // bytea
  20,
  21,
  23, // int8, int2, int4
  25,
  1042,
  1043, // text, bpchar, varchar
  700,
  701, // float4, float8
  114,
  3802, // json, jsonb
  650,
  869, // cidr, inet
  829,
  774, // macaddr, macaddr8
  1082,
  1083,
  1114,
  1184,
  1186,
  1266, // date, time, timestamp, timestamptz, interval, timetz
  1560,
  1562, // bit, varbit
  1700, // numeric
  2950, // uuid
  600,
  601,
  602,
  603,
  604,
  628,
  718, // geometric
]);

/** Strings share one binary form: bytes in client_encoding, which every session pins to UTF8. */
const strings = new Set([25, 1042, 1043]);

/**
 * True when bytes of `wireOid` may be received as `targetOid`. Enums take their label as text; domains are asked by the oid
 * of their base type; arrays, composites, ranges and types of extensions carry oids of one database: never.
 */
export function binaryCompatible(
  wireOid: number,
  targetOid: number,
  targetKind: 'base' | 'enum' | 'domain' | 'composite' | 'range',
): boolean {
  if (targetKind === 'enum') return strings.has(wireOid);
  if (targetKind === 'composite' || targetKind === 'range') return false;
  if (strings.has(wireOid) && strings.has(targetOid)) return true;
  return wireOid === targetOid && stable.has(wireOid);
}

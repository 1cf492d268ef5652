/**
 * Binary COPY does not check types: a float8 received as int8 becomes another number without an error. A column may travel
 * as binary only when both sides use the same format of the same built-in type.
 */

/** Built-in types whose binary form is the same on every server from 13 to 18, whatever its encoding or locale. */
const stable = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  bpchar: 1042,
  varchar: 1043,
  float4: 700,
  float8: 701,
  json: 114,
  jsonb: 3802,
  cidr: 650,
  inet: 869,
  macaddr: 829,
  macaddr8: 774,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  bit: 1560,
  varbit: 1562,
  numeric: 1700,
  uuid: 2950,
  pg_lsn: 3220,
  tsvector: 3614,
  tsquery: 3615,
  point: 600,
  lseg: 601,
  path: 602,
  box: 603,
  polygon: 604,
  line: 628,
  circle: 718,
} as const;
const stableOids = new Set<number>(Object.values(stable));

/** Strings share one binary form: bytes in client_encoding, which every session pins to UTF8. */
const strings = new Set<number>([stable.text, stable.bpchar, stable.varchar]);

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
  return wireOid === targetOid && stableOids.has(wireOid);
}

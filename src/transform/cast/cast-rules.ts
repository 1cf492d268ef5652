import type { CastRule } from './cast-rule';
import { narrowFloat, toFloat, toInteger, toNumeric, widenFloat, widenInteger } from './number-casts';
import {
  same,
  textToBoolean,
  textToBytea,
  textToEnum,
  textToJson,
  textToOther,
  textToUuid,
  toBits,
  toText,
} from './text-casts';
import {
  dateToTimestamp,
  narrowFraction,
  textToDate,
  textToTime,
  textToTimestamp,
  textToTimestamptz,
  timestampToDate,
} from './time-casts';

/** Every kind that a `CastSpec` can have. Kinds are stored in ledgers: never rename one. */
export const castRules = {
  same,
  text: toText,
  boolean: textToBoolean,
  integer: toInteger,
  widen_integer: widenInteger,
  numeric: toNumeric,
  float: toFloat,
  widen_float: widenFloat,
  narrow_float: narrowFloat,
  date: textToDate,
  timestamp_to_date: timestampToDate,
  timestamp: textToTimestamp,
  date_to_timestamp: dateToTimestamp,
  timestamptz: textToTimestamptz,
  time: textToTime,
  narrow_fraction: narrowFraction,
  uuid: textToUuid,
  bytea: textToBytea,
  enum: textToEnum,
  json: textToJson,
  jsonb: textToOther,
  bits: toBits,
  other: textToOther,
} as const satisfies Record<string, CastRule>;

export type CastKind = keyof typeof castRules;

export function castRule(kind: string): CastRule {
  const rule = (castRules as Readonly<Record<string, CastRule>>)[kind];
  if (rule === undefined) throw new Error(`no cast of kind ${kind}`);
  return rule;
}

import { z } from 'zod';
import { literal } from '../../sql/quote';
import { isInfinity, isTimestamp, isTimestampWithOffset } from '../iso-sql';
import { printTimestamp, readIsoTimestamp } from '../iso-timestamp';
import { plain, presentBut } from '../sql-text';
import type { Transform } from '../transform';
import { isZone, utcToWall, wallToUtc } from '../zone';

interface AtZone {
  readonly zone: string;
  /** What may come out: `utc` only from wall clock times, `local` only from times with an offset, null by what the value is. */
  readonly to: 'utc' | 'local' | null;
}

const zone = z
  .string({ error: 'expected a zone such as Europe/Berlin' })
  .refine(
    isZone,
    'expected a zone of the tz database such as Europe/Berlin, or UTC; abbreviations such as CET mean different things in different sessions',
  );

export const atZone: Transform<AtZone> = {
  name: 'at_zone',
  description:
    "A time without offset is the wall clock of this zone and becomes UTC; a time with offset becomes that zone's wall clock: `at_zone: Europe/Berlin`, or with one direction only `at_zone: { zone: Europe/Berlin, to: utc }` (or `local`). A wall clock time that a change of the clock skips or repeats is read as PostgreSQL does: with the offset before a gap, or after an overlap.",
  args: z.union([
    zone.transform((name) => ({ zone: name, to: null })),
    z
      .strictObject({ zone, to: z.enum(['utc', 'local'], { error: 'expected utc or local' }).optional() })
      .transform((args) => ({ zone: args.zone, to: args.to ?? null })),
  ]),
  inputs: 'one',
  reason: 'bad_timestamp',
  repeatsInput: true,
  toSql: ([given], args) => {
    const input = given as string;
    const wall = isTimestamp(input);
    const absolute = isTimestampWithOffset(input);
    const branches = [
      ...(args.to === 'local'
        ? []
        : [`WHEN ${wall} THEN ((${input})::timestamp AT TIME ZONE ${literal(args.zone)})::text`]),
      ...(args.to === 'utc'
        ? []
        : [`WHEN ${absolute} THEN ((${input})::timestamptz AT TIME ZONE ${literal(args.zone)})::text`]),
    ];
    const valid = [isInfinity(input), ...(args.to === 'local' ? [] : [wall]), ...(args.to === 'utc' ? [] : [absolute])];
    return {
      value: `CASE ${branches.join(' ')} WHEN ${isInfinity(input)} THEN ${plain(input)} END`,
      failed: presentBut(input, `(${valid.join(' OR ')})`),
    };
  },
  apply: ([input], args) => {
    if (input === null || input === undefined) return { value: null };
    if (input === 'infinity' || input === '-infinity') return { value: input };
    const read = readIsoTimestamp(input);
    if (read === null || (read.offset === null ? args.to === 'local' : args.to === 'utc')) return { failed: true };
    return {
      value:
        read.offset === null
          ? printTimestamp(wallToUtc(args.zone, read.seconds), read.fraction, '+00')
          : printTimestamp(utcToWall(args.zone, read.seconds - read.offset), read.fraction, ''),
    };
  },
};

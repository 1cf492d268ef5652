import { z } from 'zod';

/** Pieces of the arguments of transforms. Every message says what is expected; none repeats what was written. */

const unusable = /\p{Surrogate}/u;

/** Text as people write it in the plan; numbers and booleans must be quoted, since `010` and `no` would change. */
export const text = z
  .string({ error: 'expected text: put it in quotes' })
  .refine(
    (value) => !value.includes('\0') && !unusable.test(value),
    'a NUL or an unpaired surrogate cannot be stored in a database',
  );

export const nonEmptyText = text.refine((value) => value !== '', 'expected text that is not empty');

/** A whole number, also as quoted text. */
export function integer(min: number, max: number): z.ZodType<number> {
  const message = `expected a whole number from ${min} to ${max}`;
  return z
    .union([z.number(), z.string().regex(/^[+-]?\d{1,9}$/, message)], { error: message })
    .transform(Number)
    .refine((value) => Number.isInteger(value) && value >= min && value <= max, message);
}

/** The arguments of a step that takes none. */
export const nothing = z.null({ error: 'takes no argument' });

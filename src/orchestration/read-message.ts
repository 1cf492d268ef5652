import type { z } from 'zod';

/** A message between workflows as it was meant, or a sentence that says why it cannot be read: names of fields, no values. */
export type ReadMessage<T> = { readonly message: T } | { readonly alarm: string };

/** Reads a message of another workflow. Fields that are not known here are left out; everything else that does not fit is an alarm. */
export function readMessage<T>(schema: z.ZodType<T>, raw: unknown, name: string): ReadMessage<T> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { message: parsed.data };
  const problems = parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.') || 'message'}: ${message}`);
  return { alarm: `A message \`${name}\` between workflows of the run cannot be read (${problems.join('; ')}).` };
}

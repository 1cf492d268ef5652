/** Keys and values that belong to the plan format but not to this version: answered as such, never as "unknown". */

export const laterKeys: ReadonlySet<string> = new Set([
  'dedupe',
  'merge',
  'split',
  'lookup',
  'function',
  'mapped',
  'watch',
  'rehearsal',
  'rehearsals',
  'backup',
  'timestamp_column',
]);

/** Values that the schema knows and this version does not carry out, by the last key of their path. */
export const laterValues: Readonly<Record<string, readonly string[]>> = {
  capture: ['timestamp'],
  when_not_empty: ['append'],
};

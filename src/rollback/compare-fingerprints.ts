/** A database as it was at one moment: object name to digest of its definition, position or rows. Names only, no values. */
export interface Fingerprint {
  readonly digest: string;
  readonly objects: Readonly<Record<string, string>>;
}

/** Sentences that name objects. */
export interface Compared {
  /** What the run changed and is not as it was. */
  readonly differences: readonly string[];
  /** What others changed meanwhile: left alone. */
  readonly notes: readonly string[];
}

/**
 * What is not as before. `own` are the objects that the run changed: undoing it put each of them back and looked at it, so that one that
 * is gone, like everything that the run never touched, is the doing of others.
 */
export function compareFingerprints(before: Fingerprint, after: Fingerprint, own: ReadonlySet<string>): Compared {
  const names = [...new Set([...Object.keys(before.objects), ...Object.keys(after.objects)])].sort();
  const differences: string[] = [];
  const notes: string[] = [];
  for (const name of names) {
    const was = Object.hasOwn(before.objects, name) ? before.objects[name] : undefined;
    const is = Object.hasOwn(after.objects, name) ? after.objects[name] : undefined;
    if (was === is) continue;
    if (was === undefined) (own.has(name) ? differences : notes).push(`${name} was not there before`);
    else if (is === undefined) notes.push(`${name} is gone`);
    else (own.has(name) ? differences : notes).push(`${name} differs`);
  }
  return { differences, notes };
}

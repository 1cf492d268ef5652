/** A database as it was at one moment: object name to digest of its definition, position or rows. Names only, no values. */
export interface Fingerprint {
  readonly digest: string;
  readonly objects: Readonly<Record<string, string>>;
}

/** What differs, as sentences that name objects; empty when both are equal. */
export function compareFingerprints(before: Fingerprint, after: Fingerprint): string[] {
  const names = [...new Set([...Object.keys(before.objects), ...Object.keys(after.objects)])].sort();
  return names.flatMap((name) => {
    const was = Object.hasOwn(before.objects, name) ? before.objects[name] : undefined;
    const is = Object.hasOwn(after.objects, name) ? after.objects[name] : undefined;
    if (was === is) return [];
    if (was === undefined) return [`${name} was not there before`];
    return [is === undefined ? `${name} is gone` : `${name} differs`];
  });
}

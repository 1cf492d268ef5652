import { createHash } from 'node:crypto';
import { readFingerprint, storeFingerprint } from '../../postgres/ledger/proof/fingerprint';
import { captureName } from '../../postgres/queries/capture/name';
import { describeSource, objectsNamed, rowproofSchema } from '../../postgres/queries/capture/source-fingerprint';
import { compareFingerprints, type Compared, type Fingerprint } from '../../rollback/compare-fingerprints';
import { relationsBySource } from '../run/relations';
import type { Host } from '../host';
import { patternOf } from '../run/pattern-of';
import { onSource } from '../source-work';
import type { TargetWork } from '../target-work';

const schemaObject = 'schema rowproof';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Keeps, once, what the sources of a run that captures or freezes looked like before it. */
export async function rememberSources(host: Host, work: TargetWork): Promise<void> {
  const { run, session } = work;
  if (patternOf(run) === 'copy') return;
  for (const source of relationsBySource(run).keys()) {
    if ((await readFingerprint(session, run.run, moment(source))) !== null) continue;
    await storeFingerprint(session, run.run, moment(source), await fingerprintOf(host, work, source, null), false);
  }
}

/** What is still there of the run on the sources, and what others changed there; nothing for a run that never touched them. */
export async function compareSources(host: Host, work: TargetWork): Promise<Compared> {
  const { run, session } = work;
  const differences: string[] = [];
  const notes: string[] = [];
  if (patternOf(run) === 'copy') return { differences, notes };
  for (const source of relationsBySource(run).keys()) {
    const named = (sentences: readonly string[]): string[] => sentences.map((what) => `source ${source}: ${what}`);
    const left = await onSource(host, work, source, 'prove rollback', (one) => objectsNamed(one, captureName(run)));
    differences.push(...named(left.map((object) => `${object} is still there`)));
    const before = await readFingerprint(session, run.run, moment(source));
    if (before === null) continue;
    const now = await fingerprintOf(host, work, source, before);
    const compared = compareFingerprints(before, now, new Set([schemaObject]));
    differences.push(...named(compared.differences));
    notes.push(...named(compared.notes));
  }
  return { differences, notes };
}

async function fingerprintOf(
  host: Host,
  work: TargetWork,
  source: string,
  before: Fingerprint | null,
): Promise<Fingerprint> {
  const relations = relationsBySource(work.run).get(source) ?? [];
  return onSource(host, work, source, 'fingerprint', async (session) => {
    const found = await describeSource(session, relations);
    const state = await rowproofSchema(session);
    // another run may have made it meanwhile; then it is not empty, and not ours to explain
    const theirs = before !== null && !Object.hasOwn(before.objects, schemaObject) && state === 'used';
    if (state !== 'absent' && !theirs) found.push({ object: schemaObject, text: 'there' });
    const objects = Object.fromEntries(
      found.map(({ object, text }) => [object, sha256(text)] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    return { objects, digest: sha256(JSON.stringify(Object.entries(objects))) };
  });
}

function moment(source: string): string {
  return `before:source:${source}`;
}

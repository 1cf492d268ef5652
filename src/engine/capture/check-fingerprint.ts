import { compareCapture, type CaptureStop } from '../../capture/compare-capture';
import { newsFindings, readsColumn } from '../../capture/describe-news';
import type { CaptureFingerprint } from '../../capture/fingerprint';
import { reasonIn } from '../../capture/stop-note';
import { readCaptureFingerprint } from '../../postgres/queries/capture/fingerprint';
import { changeTable } from '../../postgres/queries/capture/name';
import { readTableNote } from '../../postgres/queries/capture/note';
import type { CaptureCheck, SourceWork } from './capture-kind';
import { faulty } from '../fault-injection';

/** The part of a source's work that reading needs. */
export type FingerprintWork = Pick<SourceWork, 'fault' | 'run' | 'sourceName' | 'name' | 'source' | 'relations'>;

/** The fingerprint inside a cursor's facts; null when there is none. */
export function fingerprintOf(facts: Readonly<Record<string, unknown>>): CaptureFingerprint | null {
  return (facts['fingerprint'] as CaptureFingerprint | undefined) ?? null;
}

/** Stops by what changed since `before`; `name` null where the capture has no triggers. */
export async function compareFingerprint(
  work: FingerprintWork,
  name: string | null,
  before: CaptureFingerprint,
  truncated: readonly number[],
): Promise<{ stop: readonly CaptureStop[]; check: CaptureCheck; now: CaptureFingerprint }> {
  const { compiled } = work.run;
  const found = await readCaptureFingerprint(work.source, work.relations, name);
  const now = faulty(work, 'link') ? withLinksOf(before, found) : found;
  const reads = (facts: { ids: readonly number[] }, column: string): boolean =>
    readsColumn(compiled.mappings, work.relations, facts, column);
  // with the gate broken, a change that says TRUNCATE is lost as any other: this check would be the first to notice
  const explained = faulty(work, 'gate') ? work.relations.map(({ id }) => id) : truncated;
  const { stop, news, changed } = compareCapture(before, now, reads, explained);
  const reason =
    stop.length === 0 ? null : `Source ${work.sourceName}: ${stop.map(({ sentence }) => sentence).join('; ')}.`;
  const check: CaptureCheck = {
    stop: reason,
    findings: stop.length === 0 ? newsFindings(compiled, work.relations, news) : [],
    capture: stop.length === 0 && changed ? { fingerprint: now } : null,
  };
  return { stop, check, now };
}

/** Only for fault injection: as if a catalog that looks the same were the same. */
function withLinksOf(before: CaptureFingerprint, now: CaptureFingerprint): CaptureFingerprint {
  const links = new Map(before.relations.flatMap(({ tree }) => tree).map((node) => [node.oid, node.links]));
  const relations = now.relations.map((relation) => ({
    ...relation,
    tree: relation.tree.map((node) => ({ ...node, links: links.get(node.oid) ?? node.links })),
  }));
  return { ...now, relations };
}

/**
 * What a round has to know of tables, columns, partitions and (with `name`) triggers before it reads. New facts keep everything in
 * `facts` but the fingerprint.
 */
export async function checkFingerprint(
  work: FingerprintWork,
  name: string | null,
  facts: Readonly<Record<string, unknown>>,
  truncated: readonly number[],
): Promise<CaptureCheck> {
  const before = fingerprintOf(facts);
  if (before === null) {
    return { stop: `Source ${work.sourceName}: the ledger has no record of its capture.`, findings: [], capture: null };
  }
  const noted = name === null ? null : reasonIn(await readTableNote(work.source, changeTable(name)));
  if (noted !== null) return { stop: noted, findings: [], capture: null };
  const { check } = await compareFingerprint(work, name, before, truncated);
  return check.capture === null ? check : { ...check, capture: { ...facts, ...check.capture } };
}

import type { CapturedRelation } from '../../../capture/captured-relations';
import { compareLogical, otherServer, type LogicalFacts } from '../../../capture/logical-facts';
import { readCaptureFingerprint, readServer } from '../../../postgres/queries/capture/fingerprint';
import { reasonIn } from '../../../capture/stop-note';
import { readPublicationNote } from '../../../postgres/queries/capture/note';
import { readIdentities, readPublication } from '../../../postgres/queries/capture/logical-publication';
import { readSlot } from '../../../postgres/queries/capture/logical-slot';
import type { Session } from '../../../postgres/session';
import { checkFingerprint } from '../check-fingerprint';
import type { CaptureCheck, SourceWork } from '../capture-kind';
import { leavesOf } from './logical-source';

/**
 * Why the slot does not hold any more what was not read yet, or null. `isOurs`: whether everything before the position where the
 * slot stands is in `pending`; asked for after the slot was read. Nobody but us may have moved it further.
 */
export async function whyBroken(
  source: Session,
  facts: LogicalFacts,
  isOurs: ((confirmedLsn: string) => Promise<boolean>) | null,
): Promise<string | null> {
  if ((await readServer(source, false)) !== facts.server) return otherServer;
  const { slot } = facts;
  const now = await readSlot(source, slot);
  if (now === null) return reasonIn(await readPublicationNote(source, facts.publication)) ?? `Slot ${slot} is gone.`;
  if (now.walStatus === 'lost' || now.restartLsn === null)
    return `Slot ${slot} is lost: the source removed WAL that it needed (max_slot_wal_keep_size).`;
  if (now.plugin !== 'pgoutput') return `Slot ${slot} was created again with another plugin.`;
  if (now.confirmedLsn !== null && isOurs !== null && !(await isOurs(now.confirmedLsn)))
    return `Slot ${slot} was moved or created again by somebody else: it starts after what was read.`;
  if ((await readPublication(source, facts.publication)) === null) return `Publication ${facts.publication} is gone.`;
  return null;
}

/** What logical capture stands on, as the session's snapshot sees it. */
export async function readLogicalNow(
  source: Session,
  publication: string,
  relations: readonly CapturedRelation[],
): Promise<Pick<LogicalFacts, 'server' | 'published' | 'identities' | 'fingerprint'>> {
  const oids = [...keysByOid(await leavesOf(source, relations)).keys()];
  const fingerprint = await readCaptureFingerprint(source, relations, null);
  return {
    server: fingerprint.server,
    published: await readPublication(source, publication),
    identities: await readIdentities(source, oids),
    fingerprint,
  };
}

/** Key columns that the identity of each table has to tell. */
export function keysByOid(leaves: Awaited<ReturnType<typeof leavesOf>>): Map<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>();
  for (const { relation, nodes } of leaves) {
    for (const { oid } of nodes)
      keys.set(oid, [...new Set([...(keys.get(oid) ?? []), ...relation.key.map(({ name }) => name)])]);
  }
  return keys;
}

/**
 * What a round asks before it reads: may the apply lease go on? The slot is looked at as it is now, all else as the session's snapshot
 * sees it. A table that was rewritten without TRUNCATE stops it: ALTER TABLE may have changed every value, and a slot tells nothing
 * of that. `truncated`: relations that this round reads whole.
 */
export async function checkLogical(
  work: Pick<SourceWork, 'run' | 'sourceName' | 'name' | 'source' | 'relations'>,
  known: Readonly<Record<string, unknown>>,
  truncated: readonly number[],
): Promise<CaptureCheck> {
  const { source, sourceName, relations } = work;
  const facts = known as unknown as LogicalFacts;
  const stopped = (reason: string): CaptureCheck => ({
    stop: `Source ${sourceName}: ${reason}`,
    findings: [],
    capture: null,
  });
  const broken = await whyBroken(source, facts, null);
  if (broken !== null) return stopped(broken);
  const check = await checkFingerprint(work, null, known, truncated);
  if (check.stop !== null) return check;
  const leaves = await leavesOf(source, relations);
  const keys = keysByOid(leaves);
  const identities = await readIdentities(source, [...keys.keys()]);
  const published = await readPublication(source, facts.publication);
  const reason = compareLogical(facts, { server: facts.server, published, identities }, keys);
  return reason === null ? check : stopped(reason);
}

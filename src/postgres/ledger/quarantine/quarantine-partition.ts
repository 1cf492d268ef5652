import { createHash } from 'node:crypto';
import { replicaIdentityFull } from '../../../sql/replica-identity';
import { identifier } from '../../../sql/quote';
import type { Session } from '../../session';

/** Every name of a partition of `rowproof.quarantined` begins with this. */
export const quarantinePartitions = 'quarantined_';

function nameOf(run: string): string {
  return `${quarantinePartitions}${createHash('sha256').update(run).digest('hex').slice(0, 16)}`;
}

/**
 * The part of the quarantine that the rows of one run go to, in the transaction that opens the run. Batches write to it without an index,
 * which costs three times what their rows do. `mappings` are the numbers of the mappings of the run.
 */
export async function createQuarantinePartition(
  session: Session,
  run: string,
  mappings: readonly number[],
): Promise<void> {
  if (mappings.length === 0) return;
  const partition = `rowproof.${identifier(nameOf(run))}`;
  await session.query(`create table ${partition} (like rowproof.quarantined)`);
  await session.query(replicaIdentityFull(partition));
  // attached, because creating it as a partition would wait for every batch of other runs
  await session.query(
    `alter table rowproof.quarantined attach partition ${partition} for values in (${mappings.join(', ')})`,
  );
}

/**
 * Gives the quarantine of a run its unique key, in the caller's transaction: when the batches are done, and before rows are looked up by
 * key. What is there already stays, and what is written later costs more.
 */
export async function indexQuarantine(session: Session, run: string): Promise<void> {
  const name = nameOf(run);
  await session.query(
    `create unique index if not exists ${identifier(`${name}_key`)} on rowproof.${identifier(name)} (mapping, source_key)`,
  );
}

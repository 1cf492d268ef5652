import { setTimeout as sleep } from 'node:timers/promises';
import type { LogicalFacts } from '../../../capture/logical-facts';
import type { CaptureReport } from '../../../contract/delta';
import { fail } from '../../../errors/rowproof-error';
import type { Cursor } from '../../../postgres/ledger/follow/cursor';
import { isLockTimeout } from '../../../postgres/sqlstate';
import { dropSlot, openWriters, readSlot, type Slot } from '../../../postgres/queries/capture/logical-slot';
import { stopNote } from '../../../capture/stop-note';
import { noteOnPublication } from '../../../postgres/queries/capture/note';
import { readPublication } from '../../../postgres/queries/capture/logical-publication';
import type { LoneWork, SourceWork } from '../capture-kind';
import { whyBroken } from './check-slot';
import { slotName } from './names';
import { pullUpTo, currentLsn } from './pull-changes';
import { stopBroken, stopApplyLeases } from './stop-capture';
import { endHolder, whileFree } from './logical-source';
import { isLeaseUnavailable } from '../../../errors/error-kinds';

/** The server lets WAL go only some time after it was confirmed: it notes every 15 s where it could begin again. */
const attempts = 10;
const pauseMs = 2_000;

/**
 * One look at the slot: moves what it has into `pending` and confirms it, so that the source need not keep it; says what comes close
 * to a limit. Drops the slot and stops the apply leases by name (RP5362) where the source's disk is at stake; stops them (RP5361) when it is
 * lost or altered.
 */
export async function monitorLogical(work: SourceWork, cursor: Cursor): Promise<CaptureReport> {
  const { run, sourceName } = work;
  const facts = cursor.capture as unknown as LogicalFacts;
  const limit = run.compiled.plan.settings.capture.maxWalBytes;
  await pull(work);
  let slot = await slotNow(work, facts);
  for (let attempt = 1; slot.retained >= limit && attempt <= attempts; attempt += 1) {
    work.heartbeat();
    await sleep(attempt === 1 ? 0 : pauseMs);
    await pull(work);
    slot = await slotNow(work, facts);
  }
  if (slot.retained >= limit) await giveUp(work, facts, limit);
  return { changeLogBytes: 0, walBytes: slot.retained, warnings: await warningsOf(work, slot, limit, sourceName) };
}

/** Nothing moves on while the target is away, so what the slot holds back only grows: at the limit it goes. */
export async function monitorLogicalAlone(work: LoneWork): Promise<CaptureReport> {
  const { run, sourceName, source, name } = work;
  const limit = run.compiled.plan.settings.capture.maxWalBytes;
  const slot = await readSlot(source, slotName(run, name, sourceName));
  // the next round names it and stops
  if (slot === null) return { changeLogBytes: 0, walBytes: 0, warnings: [`The slot of source ${sourceName} is gone.`] };
  if (slot.retained >= limit) {
    const what = `The slot of source ${sourceName} held back ${megabytes(limit)} of WAL while the target could not be reached, and was dropped`;
    await takeSlotAway(work, slotName(run, name, sourceName), `${what}.`);
    throw fail('RP5362', what, { where: { object: sourceName } });
  }
  return { changeLogBytes: 0, walBytes: slot.retained, warnings: await warningsOf(work, slot, limit, sourceName) };
}

/** A apply lease that another attempt has, or that is stopped or closed, says so to those who follow; the slot is looked at all the same. */
async function pull(work: SourceWork): Promise<void> {
  try {
    await pullUpTo(work, await currentLsn(work.source));
  } catch (error) {
    if (!isLockTimeout(error) && !isLeaseUnavailable(error)) throw error;
  }
}

async function slotNow(work: SourceWork, facts: LogicalFacts): Promise<Slot> {
  const reason = await whyBroken(work.source, facts, null);
  const slot = reason === null ? await readSlot(work.source, facts.slot) : null;
  if (slot !== null) return slot;
  throw await stopBroken(work, facts, reason ?? `Slot ${facts.slot} is gone.`);
}

async function warningsOf(work: LoneWork, slot: Slot, limit: number, sourceName: string): Promise<string[]> {
  const warnings: string[] = [];
  const holders = async (): Promise<string> => {
    const who = await openWriters(work.source);
    return who.length === 0 ? '' : ` Open transactions: ${who.join(', ')}.`;
  };
  if (slot.walStatus === 'unreserved')
    warnings.push(
      `The slot of source ${sourceName} is about to be lost: it needs WAL beyond max_slot_wal_keep_size, which the next checkpoint ` +
        `removes. Raise max_slot_wal_keep_size now (a reload is enough) and end long transactions.${await holders()}`,
    );
  else if (slot.safeWalSize !== null && slot.safeWalSize < slot.retained)
    warnings.push(
      `The slot of source ${sourceName} may be lost after ${megabytes(slot.safeWalSize)} more of WAL (max_slot_wal_keep_size). ` +
        `Raise it (a reload is enough), or end long transactions.${await holders()}`,
    );
  if (slot.retained >= limit / 2)
    warnings.push(
      `The slot of source ${sourceName} holds back ${megabytes(slot.retained)} of WAL; at ${megabytes(limit)} it is dropped. ` +
        `End long transactions, or raise settings.capture.max_wal.${await holders()}`,
    );
  return warnings;
}

/** The source's disk comes first: the slot goes, then the apply leases learn why. */
async function giveUp(work: SourceWork, facts: LogicalFacts, limit: number): Promise<never> {
  const who = await openWriters(work.source);
  const what = `The slot of source ${work.sourceName} held back ${megabytes(limit)} of WAL and was dropped`;
  const reason = `${what}.${who.length === 0 ? '' : ` Transactions that were open: ${who.join(', ')}.`}`;
  await takeSlotAway(work, facts.slot, reason);
  await stopApplyLeases(work, facts, reason);
  throw fail('RP5362', what, { where: { object: work.sourceName } });
}

/** Leaves the reason on the source first: the target may not learn of it before long. Slot and publication have one name. */
async function takeSlotAway({ source, heartbeat }: LoneWork, slot: string, reason: string): Promise<void> {
  if ((await readPublication(source, slot)) !== null) await noteOnPublication(source, slot, stopNote(reason));
  await whileFree(source, slot, heartbeat, async () => {
    await endHolder(source, slot);
    if ((await readSlot(source, slot)) !== null) await dropSlot(source, slot);
  });
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`;
}

import type { RunRef } from '../../../contract/run';
import { mappingsOfRun } from '../../../rollback/mappings-of-run';
import { storeDifferences, touchedSlice } from '../../../postgres/ledger/proof/proof';
import { moveAlignment, provedRound } from '../../../postgres/ledger/proof/proof-alignment';
import { forgetTouched } from '../../../postgres/ledger/proof/proof-touched';
import type { LoadedRun } from '../../../postgres/ledger/run/run';
import type { Alignment } from '../../follow/round-contract';
import { alignSerially } from './align-next';
import { TouchedSessions } from './touched-sessions';
import { compareTouched, type TouchedFindings } from './prove-keys';
import { whereRowsDiffer } from '../differing-columns';
import { type ProofHost } from '../proof-host';
import { onLedger } from '../../session-scope';
import type { Host } from '../../host';

/** What a proof of the keys that changed came to. */
export interface TouchedProof {
  /** Keys looked at, of both sides. */
  readonly keys: number;
  /** Rows that differ; above 0 the run is not proved. */
  readonly differences: number;
  /** Where they differ, and what may have written there. */
  readonly where?: readonly string[];
}

/** For the end of a sentence: where changed keys differ, at most three places. */
export function placesOf({ where = [] }: TouchedProof): string {
  if (where.length === 0) return '';
  const more = where.length > 3 ? ` and ${where.length - 3} more` : '';
  return ` (${where.slice(0, 3).join('; ')}${more})`;
}

/** Readers at a time: the servers' work overlaps, this process stays one thread. */
const readers = 2;

/**
 * Proves every key again that rounds touched since its table was proved, on both sides, as they are now: nothing may write on
 * either side meanwhile (call it under the barrier, after the drain). Costs what changed. Replaces what an earlier call stored.
 */
export async function proveTouched(host: Host, ref: RunRef): Promise<TouchedProof> {
  const ready = { ...host, plansFolder: null };
  const run = await ready.databases.run(ref);
  const found = await lookAt(ready, ref, run, null);
  return store(ready, ref, run, found);
}

/**
 * Does the same at an alignment while rounds go on, and moves the tables that come out green up to it, so that the proof under
 * the barrier has only the last moments left. A difference is looked at again at a second alignment before it is stored. Call
 * it right before the barrier.
 */
export async function refreshProof(host: Host & Pick<ProofHost, 'align'>, ref: RunRef): Promise<TouchedProof> {
  const ready = { ...host, plansFolder: null };
  const run = await ready.databases.run(ref);
  const look = async (): Promise<Found> => {
    const alignment = await alignSerially(ready, ref, 'prove what changed');
    try {
      return await lookAt(ready, ref, run, alignment);
    } finally {
      await alignment.close();
    }
  };
  let found = await look();
  if (found.mappings.some(({ broken }) => broken > 0)) found = await look();
  return store(ready, ref, run, found);
}

interface Found {
  readonly round: number | null;
  readonly mappings: readonly TouchedFindings[];
}

async function lookAt(host: ProofHost, ref: RunRef, run: LoadedRun, alignment: Alignment | null): Promise<Found> {
  const mappings = mappingsOfRun(run.compiled, run.options);
  const pool = new TouchedSessions(host, ref, run, alignment);
  let succeeded = false;
  try {
    const lists = await pool.lists();
    const found = [];
    for (const mapping of mappings) {
      const since = await provedRound(lists, run.run, mapping.name);
      found.push(await compareTouched({ host, ref, run, mapping, pool, readers, since }));
    }
    succeeded = true;
    return { round: alignment?.round ?? null, mappings: found };
  } finally {
    await pool.end(succeeded);
  }
}

async function store(host: ProofHost, ref: RunRef, run: LoadedRun, { round, mappings }: Found): Promise<TouchedProof> {
  const where = await onLedger(host, ref, 'store proof of what changed', async (session) => {
    for (const { mapping, differences, broken } of mappings) {
      await storeDifferences(session, { run: run.run, mapping, slice: touchedSlice }, differences);
      if (broken > 0 || round === null) continue;
      await moveAlignment(session, run.run, mapping, round);
      await forgetTouched(session, run.run, mapping, await provedRound(session, run.run, mapping));
    }
    return mappings.some(({ broken }) => broken > 0) ? whereRowsDiffer(session, run) : [];
  });
  const sum = (figure: (one: TouchedFindings) => number): number =>
    mappings.reduce((total, one) => total + figure(one), 0);
  return { keys: sum(({ keys }) => keys), differences: sum(({ broken }) => broken), where };
}

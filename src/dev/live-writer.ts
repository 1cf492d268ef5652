import { setTimeout as sleep } from 'node:timers/promises';
import { liveWrites, type LivePlace } from '../demo/live-writes';
import { resolveConnection } from '../postgres/connection-spec';
import { openSession, type Session } from '../postgres/session';
import { describeDatabaseError } from '../postgres/sqlstate';
import { inTransaction } from '../postgres/transaction';

/** What the application of the demo lived through. */
export interface LiveWriterReport {
  /** Transactions that were acknowledged. */
  readonly committed: number;
  /** Longest time one of them took, milliseconds: it includes the wait at the barrier. */
  readonly longestMs: number;
  /** SQLSTATE with which its first refused write ended; null when none was refused. */
  readonly refusedWith: string | null;
}

export interface LiveWriter {
  /** Ends it after the transaction under way. */
  stop(): Promise<LiveWriterReport>;
}

const pauseMs = 20;

/** Writes to the demo's legacy database as an application would, until it is stopped or refused. */
export async function startLiveWriter(url: string, seed: number, place: LivePlace): Promise<LiveWriter> {
  const session = await connect(url);
  let stopping = false;
  const work = write(session, seed, place, () => stopping);
  return {
    stop: async () => {
      stopping = true;
      const report = await work;
      await session.close();
      return report;
    },
  };
}

async function connect(url: string): Promise<Session> {
  const spec = { url: '${LIVE}', urlFile: null, passwordFile: null, envPrefix: null };
  const tls = { mode: null, caFile: null, certFile: null, keyFile: null };
  return openSession(await resolveConnection({ ...spec, tls }, { LIVE: url }), {
    applicationName: 'legacy crm application',
  });
}

async function write(
  session: Session,
  seed: number,
  place: LivePlace,
  stopping: () => boolean,
): Promise<LiveWriterReport> {
  let committed = 0;
  let longestMs = 0;
  for (const transaction of liveWrites(seed, place)) {
    if (stopping()) break;
    const began = performance.now();
    try {
      await inTransaction(session, 'read write', async () => {
        for (const { sql, values } of transaction) await session.query(sql, values);
      });
    } catch (error) {
      // a refused write is the end of the old application: from now on it belongs on the target
      return {
        committed,
        longestMs: Math.round(longestMs),
        refusedWith: describeDatabaseError(error).sqlstate ?? 'none',
      };
    }
    committed += 1;
    longestMs = Math.max(longestMs, performance.now() - began);
    await sleep(pauseMs);
  }
  return { committed, longestMs: Math.round(longestMs), refusedWith: null };
}

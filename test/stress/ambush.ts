import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { addProbeRows } from './probe-rows';
import type { Processes, Hand } from './processes';
import { connected } from './oracle';
import type { Place } from './servers';

/** Where a round is caught: in its snapshot, before it takes the apply lease's lock; or while it writes. */
type Spot = 'between its source and its commit' | 'while it writes';

const spots: Readonly<Record<Spot, { readonly relation: string; readonly query: string }>> = {
  'between its source and its commit': {
    relation: 'rowproof.pending',
    query: '%as place%from rowproof.pending%',
  },
  'while it writes': { relation: 'app.tag', query: '%' },
};

/** Waits until a round stands at `spot`, does `disturbance` to its process, and lets the round's backend go on. False when none came by. */
async function ambush(
  place: Place,
  processes: Processes,
  spot: Spot,
  disturbance: (hand: Hand) => Promise<void> | void,
): Promise<boolean> {
  const { relation, query } = spots[spot];
  return connected(place.admin.target, (client) =>
    connected(place.admin.target, async (looking) => {
      await client.query(`set lock_timeout = '3s'`);
      for (const began = performance.now(); performance.now() - began < 10_000;) {
        const locked = await client.query(`begin; lock table ${relation} in access exclusive mode`).then(
          () => true,
          () => false,
        );
        const caught = locked && (await waits(looking, relation, query));
        const hand = caught ? processes.doing('runRounds') : null;
        if (hand !== null) await disturbance(hand);
        await client.query('rollback');
        if (hand !== null) return true;
      }
      return false;
    }),
  );
}

/** True when such a round waits; false when somebody else does, who has to go first, or nobody for a while. */
async function waits(client: Client, relation: string, query: string): Promise<boolean> {
  for (let looks = 0; looks < 40; looks += 1) {
    const { rows } = await client.query<{ round: boolean }>(
      `select a.application_name like 'rowproof % follow' and a.query like $2 as round
       from pg_locks l join pg_stat_activity a using (pid) where l.relation = $1::regclass and not l.granted`,
      [relation, query],
    );
    if (rows.some(({ round }) => round)) return true;
    if (rows.length > 0) return false;
    await sleep(10);
  }
  return false;
}

/** Tries until `said` is true, for so long at most. */
async function until(said: () => Promise<boolean>, forMs: number): Promise<boolean> {
  for (const began = performance.now(); performance.now() - began < forMs; await sleep(100))
    if (await said()) return true;
  return false;
}

/** Steps of a probe rows after which every round that begins has some of them in its window. */
const warm = 12;

/** A process that stands between its look at the source and its commit. */
export interface StoppedRound {
  readonly said: string;
  /** Lets it go on, and waits until it has ended what it had begun. */
  resume(): Promise<void>;
}

/** Stops a process between its look at the source and its commit, and lets others apply what it has not seen. */
export async function stopRound(place: Place, processes: Processes): Promise<StoppedRound> {
  const stopped: Hand[] = [];
  const probeRows = addProbeRows(place, 'zombie');
  const resume = async (): Promise<void> => {
    for (const hand of stopped.splice(0)) {
      const left = processes.leftOver(hand);
      hand.child.kill('SIGCONT');
      await left;
    }
  };
  try {
    await probeRows.steps(warm);
    const came = await ambush(place, processes, 'between its source and its commit', (hand) => {
      hand.child.kill('SIGSTOP');
      stopped.push(hand);
    });
    await probeRows.end();
    if (!came) return { said: 'zombie: no round came by', resume };
    await probeRows.turn();
    const applied = await until(() => probeRows.arrived(), 10_000);
    return {
      said: `zombie: stopped until ${applied ? '' : 'long before '}others applied what it had not seen`,
      resume,
    };
  } catch (error) {
    await probeRows.end();
    await resume();
    throw error;
  }
}

/** The same, and resumes it. */
export async function zombie(place: Place, processes: Processes): Promise<string> {
  const { said, resume } = await stopRound(place, processes);
  await resume();
  return said;
}

/** Kills a process while its round writes. */
export async function killWriting(place: Place, processes: Processes): Promise<string> {
  const probeRows = addProbeRows(place, 'kill');
  await probeRows.steps(warm);
  const came = await ambush(place, processes, 'while it writes', async (hand) => {
    await probeRows.end();
    hand.child.kill('SIGKILL');
  });
  await probeRows.end();
  processes.another();
  return came ? 'killed while it wrote' : 'kill: no round came by';
}

/** Lets things change on the source after a round took its snapshot and before it chooses what it applies. */
export async function changeBehind(place: Place, processes: Processes): Promise<string> {
  const probeRows = addProbeRows(place, 'behind');
  await probeRows.steps(warm);
  const came = await ambush(place, processes, 'between its source and its commit', async () => {
    await probeRows.steps(warm);
    await probeRows.end();
  });
  await probeRows.end();
  return came ? 'changed behind the snapshot of a round' : 'behind: no round came by';
}

/** True while the key of a row waits in the ledger. */
function isPending(place: Place, code: string): Promise<boolean> {
  return connected(place.admin.target, async (client) => {
    const sql = `select 1 from rowproof.pending where key like '%"' || $1 || '"%'`;
    return ((await client.query(sql, [code])).rowCount ?? 0) > 0;
  });
}

/**
 * Commits of the source stand in its log, and nobody can see them: they wait for a standby that does not exist. Behind a slot they are kept so until
 * one of them came in and, for so long at most, until a round consumed it, which none may; else for so long.
 */
export async function withholdCommits(place: Place, forMs: number): Promise<string> {
  const probeRows = addProbeRows(place, 'withheld');
  await probeRows.steps(warm);
  return connected(place.admin.source, async (client) => {
    const holds = async (sql: string, values: unknown[] = []): Promise<boolean> =>
      ((await client.query(sql, values)).rowCount ?? 0) > 0;
    // what this session does must not wait itself
    await client.query(`set synchronous_commit = local`);
    let ended = Promise.resolve();
    try {
      await client.query(`alter system set synchronous_standby_names = 'nobody'`);
      await client.query(`select pg_reload_conf()`);
      const waits = `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'SyncRep' and query like '%public.tag as t%'`;
      if (!(await until(() => holds(waits), 10_000))) return 'withheld: no commit waited';
      // the step that waits is the last one
      ended = probeRows.end();
      if (!(await holds('select 1 from pg_replication_slots where database = current_database()'))) {
        await sleep(forMs);
        return `commits withheld for ${forMs} ms`;
      }
      const row = probeRows.underWay();
      const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn');
      const came = `select 1 from pg_replication_slots where database = current_database() and confirmed_flush_lsn >= $1::pg_lsn`;
      if (!(await until(() => holds(came, [rows[0]?.lsn]), 10_000))) return 'withheld: no commit came in';
      const consumed = await until(async () => !(await isPending(place, row)), forMs);
      return `commits withheld ${consumed ? 'until a round consumed one of them' : `for ${forMs} ms after they came in`}`;
    } finally {
      await client.query(`alter system reset synchronous_standby_names`);
      await client.query(`select pg_reload_conf()`);
      await ended;
      await probeRows.end();
    }
  });
}

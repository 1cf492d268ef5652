import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { layBait } from './bait';
import type { Crew, Hand } from './crew';
import { connected } from './oracle';
import type { Place } from './servers';

/** Where a round is caught: in its snapshot, before it takes the lane's lock; or while it writes. */
type Spot = 'between its source and its commit' | 'while it writes';

const spots: Readonly<Record<Spot, { readonly relation: string; readonly query: string }>> = {
  'between its source and its commit': {
    relation: 'rowproof.pending',
    query: '%as place%from rowproof.pending%',
  },
  'while it writes': { relation: 'app.tag', query: '%' },
};

/** Waits until a round stands at `spot`, does `deed` to its process, and lets the round's backend go on. False when none came by. */
async function ambush(
  place: Place,
  crew: Crew,
  spot: Spot,
  deed: (hand: Hand) => Promise<void> | void,
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
        const hand = caught ? crew.doing('runRounds') : null;
        if (hand !== null) await deed(hand);
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

/** Steps of a bait after which every round that begins has some of them in its window. */
const warm = 12;

/** A process that stands between its look at the source and its commit. */
export interface StoppedRound {
  readonly said: string;
  /** Lets it go on, and waits until it has ended what it had begun. */
  resume(): Promise<void>;
}

/** Stops a process between its look at the source and its commit, and lets others apply what it has not seen. */
export async function stopRound(place: Place, crew: Crew): Promise<StoppedRound> {
  const stopped: Hand[] = [];
  const bait = layBait(place, 'zombie');
  const resume = async (): Promise<void> => {
    for (const hand of stopped.splice(0)) {
      const left = crew.leftOver(hand);
      hand.child.kill('SIGCONT');
      await left;
    }
  };
  try {
    await bait.steps(warm);
    const came = await ambush(place, crew, 'between its source and its commit', (hand) => {
      hand.child.kill('SIGSTOP');
      stopped.push(hand);
    });
    await bait.end();
    if (!came) return { said: 'zombie: no round came by', resume };
    await bait.turn();
    const applied = await until(() => bait.arrived(), 10_000);
    return {
      said: `zombie: stopped until ${applied ? '' : 'long before '}others applied what it had not seen`,
      resume,
    };
  } catch (error) {
    await bait.end();
    await resume();
    throw error;
  }
}

/** The same, and resumes it. */
export async function zombie(place: Place, crew: Crew): Promise<string> {
  const { said, resume } = await stopRound(place, crew);
  await resume();
  return said;
}

/** Kills a process while its round writes. */
export async function killWriting(place: Place, crew: Crew): Promise<string> {
  const bait = layBait(place, 'kill');
  await bait.steps(warm);
  const came = await ambush(place, crew, 'while it writes', async (hand) => {
    await bait.end();
    hand.child.kill('SIGKILL');
  });
  await bait.end();
  crew.another();
  return came ? 'killed while it wrote' : 'kill: no round came by';
}

/** Lets things change on the source after a round took its snapshot and before it chooses what it applies. */
export async function changeBehind(place: Place, crew: Crew): Promise<string> {
  const bait = layBait(place, 'behind');
  await bait.steps(warm);
  const came = await ambush(place, crew, 'between its source and its commit', async () => {
    await bait.steps(warm);
    await bait.end();
  });
  await bait.end();
  return came ? 'changed behind the snapshot of a round' : 'behind: no round came by';
}

/** Commits of the source stand in its log for a while, and nobody can see them: they wait for a standby that does not exist. */
export async function withholdCommits(place: Place, forMs: number): Promise<string> {
  const bait = layBait(place, 'withheld');
  await bait.steps(warm);
  return connected(place.admin.source, async (client) => {
    // what this session does must not wait itself
    await client.query(`set synchronous_commit = local`);
    let ended = Promise.resolve();
    try {
      await client.query(`alter system set synchronous_standby_names = 'nobody'`);
      await client.query(`select pg_reload_conf()`);
      await sleep(forMs);
      // the step that waits is the last one
      ended = bait.end();
    } finally {
      await client.query(`alter system reset synchronous_standby_names`);
      await client.query(`select pg_reload_conf()`);
      await ended;
      await bait.end();
    }
    return `commits withheld for ${forMs} ms`;
  });
}

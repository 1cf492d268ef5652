import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Crew, Hand } from './crew';
import { connected } from './oracle';
import type { Place } from './servers';

/** Where a round is caught: in its snapshot, before it takes the lane's lock; or while it writes. */
export type Spot = 'between its source and its commit' | 'while it writes';

const spots: Readonly<Record<Spot, { readonly relation: string; readonly query: string }>> = {
  'between its source and its commit': {
    relation: 'rowproof.pending',
    query: '%xid::text as xid from rowproof.pending%',
  },
  'while it writes': { relation: 'app.journal', query: '%' },
};

/** Waits until a round stands at `spot`, does `deed` to its process, and lets the round's backend go on. False when none came by. */
export async function ambush(place: Place, crew: Crew, spot: Spot, deed: (hand: Hand) => void): Promise<boolean> {
  const { relation, query } = spots[spot];
  return connected(place.admin.target, (client) =>
    connected(place.admin.target, async (looking) => {
      await client.query(`set lock_timeout = '3s'`);
      for (const began = performance.now(); performance.now() - began < 5_000;) {
        const locked = await client.query(`begin; lock table ${relation} in access exclusive mode`).then(
          () => true,
          () => false,
        );
        const caught = locked && (await waits(looking, relation, query));
        const hand = caught ? crew.doing('runRounds') : null;
        if (hand !== null) deed(hand);
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

/** Number of the last round that committed. */
async function lastRound(place: Place): Promise<number> {
  return connected(place.admin.target, async (client) => {
    const { rows } = await client.query<{ round: number }>(
      `select coalesce(max(round), 0)::int as round from rowproof.lane`,
    );
    return rows[0]?.round ?? 0;
  });
}

/** Writes a few rows, which are nobody's, again and again until the end: what a round has read of them is soon old. */
function heat(place: Place): { end(): Promise<void> } {
  let on = true;
  const ended = connected(place.shop.source, async (client) => {
    while (on) {
      await client.query(
        `insert into public.tag as t (code, label, v) select 'hot-' || i, 'hot', 1 from generate_series(1, 5) i
         on conflict (code) do update set v = t.v + 1`,
      );
      await sleep(40);
    }
    // a last time, for whoever comes after the round that was stopped
    await client.query(`update public.tag set v = v + 1 where code like 'hot-%'`);
  }).catch(() => undefined);
  return {
    end: async () => {
      on = false;
      await ended;
    },
  };
}

/** Stops a process between its look at the source and its commit, lets others make rounds, and resumes it. */
export async function zombie(place: Place, crew: Crew): Promise<string> {
  let stopped: Hand | null = null;
  const hot = heat(place);
  try {
    const came = await ambush(place, crew, 'between its source and its commit', (hand) => {
      hand.child.kill('SIGSTOP');
      stopped = hand;
    });
    await hot.end();
    if (!came) return 'zombie: no round came by';
    const before = await lastRound(place);
    let after = before;
    for (const began = performance.now(); after < before + 3 && performance.now() - began < 6_000;) {
      await sleep(100);
      after = await lastRound(place);
    }
    return `zombie: resumed after ${after - before} rounds of others`;
  } finally {
    await hot.end();
    (stopped as Hand | null)?.child.kill('SIGCONT');
  }
}

/** Kills a process while its round writes. */
export async function killWriting(place: Place, crew: Crew): Promise<string> {
  const came = await ambush(place, crew, 'while it writes', (hand) => {
    hand.child.kill('SIGKILL');
  });
  crew.another();
  return came ? 'killed while it wrote' : 'kill: no round came by';
}

/** Commits of the source stand in its log for a while, and nobody can see them: they wait for a standby that does not exist. */
export async function withholdCommits(place: Place, forMs: number): Promise<string> {
  return connected(place.admin.source, async (client) => {
    // what this session does must not wait itself
    await client.query(`set synchronous_commit = local`);
    try {
      await client.query(`alter system set synchronous_standby_names = 'nobody'`);
      await client.query(`select pg_reload_conf()`);
      await sleep(forMs);
    } finally {
      await client.query(`alter system reset synchronous_standby_names`);
      await client.query(`select pg_reload_conf()`);
    }
    return `commits withheld for ${forMs} ms`;
  });
}

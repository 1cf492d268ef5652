import { createValidationActivities, createLiveProofActivities } from '../../../activities/proof';
import type { LiveProofActivities, ValidationActivities } from '../../../src/contract/activity-types';
import type { Settings } from '../../../src/contract/resolved-plan';
import type { ProofHost } from '../../../src/engine/proof/proof-host';
import { openCopyRun, type CopyRun } from '../copy/copy-run';
import { StandInRounds } from './stand-in-rounds';
import type { Host } from '../../../src/engine/host';

type FollowedHost = Host & Required<Pick<ProofHost, 'lastHeartbeat' | 'align'>>;

/** A copied run whose source is followed by rounds that the test makes. */
export interface FollowedRun extends CopyRun {
  readonly rounds: StandInRounds;
  readonly host: FollowedHost;
  readonly heartbeats: Readonly<Record<string, string | number>>[];
  readonly proof: LiveProofActivities;
  readonly validation: ValidationActivities;
  /** Rounds and writes of an application until the returned function is called; it says how many writes there were. */
  follow(write: (turn: number) => string): () => Promise<number>;
  /** Activities whose attempts are continued from what the last heartbeat said. */
  again(more?: Partial<FollowedHost>): LiveProofActivities;
}

const rowCount = 2_000;

/** Ids 1 to 2000; every 50th quantity cannot be cast, every tenth row is out of scope. */
export const items = {
  source: `
    create table item (id bigint primary key, name text, qty text, active boolean not null, code text);
    insert into item select g, ' Item ' || g || ' ', case when g % 50 = 1 then 'many' else g::text end, g % 10 <> 0, 'c' || g
      from generate_series(1, ${rowCount}) g;
    analyze item;`,
  target: `create table item (id bigint primary key, name text not null, qty int, code text)`,
  mapping: {
    name: 'item',
    where: 'active',
    columns: [
      { target: 'id' },
      { target: 'name', steps: [{ name: 'trim', args: null }] },
      { target: 'qty' },
      { target: 'code' },
    ],
  },
} as const;

export async function openFollowedRun(
  proof: Partial<Settings['proof']> = {},
  more: { source?: string } = {},
): Promise<FollowedRun> {
  const copy = await openCopyRun({
    source: items.source + (more.source ?? ''),
    target: items.target,
    mappings: [items.mapping as never],
    decisions: [{ finding: 'item.qty.*', do: 'quarantine', expect: null, because: 'unknown', by: 'ana' }],
    settings: { proof: { sliceRows: 5_000_000, workMem: null, maxSnapshotAgeMs: 600_000, ...proof } },
  });
  await copy.copyAll();
  await copy.target.query('analyze item');
  const rounds = new StandInRounds(copy.databases, copy.ref, await copy.databases.run(copy.ref));
  await rounds.start();
  const heartbeats: Readonly<Record<string, string | number>>[] = [];
  const host: FollowedHost = {
    databases: copy.databases,
    signal: () => undefined,
    heartbeat: (details) => heartbeats.push(details),
    lastHeartbeat: () => undefined,
    align: () => rounds.align(),
  };
  return {
    ...copy,
    rounds,
    host,
    heartbeats,
    proof: createLiveProofActivities(host),
    validation: createValidationActivities({ ...host, plansFolder: null } satisfies Partial<ProofHost>),
    again: (other = {}) => createLiveProofActivities({ ...host, lastHeartbeat: () => heartbeats.at(-1), ...other }),
    follow(write) {
      let going = true;
      let writes = 0;
      const application = (async () => {
        for (; going; writes += 1) await copy.source.query(write(writes));
      })();
      const follower = (async () => {
        while (going) await rounds.round();
      })();
      return async () => {
        going = false;
        await Promise.all([application, follower]);
        return writes;
      };
    },
  };
}

/** One statement of an application that changes, moves, breaks, mends, removes and adds rows, from an id on. */
export function busyWrite(turn: number, from = 1): string {
  const id = from + ((turn * 7919) % (rowCount - from));
  switch (turn % 6) {
    case 0:
      return `update item set name = ' busy ' || ${turn}, code = 'b${turn}' where id = ${id}`;
    case 1:
      return `update item set active = not active where id between ${id} and ${id + 3}`;
    case 2:
      return `update item set qty = case when qty = 'many' then '7' else 'many' end where id = ${id}`;
    case 3:
      return `delete from item where id = ${id}`;
    case 4:
      return `insert into item values (${10_000 + turn}, 'new ${turn}', '${turn}', true, 'n${turn}')`;
    default:
      return `with a as (select id, code from item where id in (${id}, ${id + 1}))
        update item set code = b.code from a b where b.id <> item.id and item.id in (${id}, ${id + 1})`;
  }
}

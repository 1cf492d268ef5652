import { setTimeout as sleep } from 'node:timers/promises';
import { connected, type Difference } from './oracle';
import type { Place } from './servers';

/**
 * Rows that belong to no client, so that what becomes of them is put down to one disturbance: a few that every step writes again, and a
 * new one in every step that nobody touches after it.
 */
export interface ProbeRows {
  /** Resolves once so many more steps are committed, or it ended. */
  steps(more: number): Promise<void>;
  /** Code of the new row of the step that is not committed yet. */
  underWay(): string;
  /** No step after this. */
  end(): Promise<void>;
  /** After the end: takes two of the rows away and writes the others once more. What was read of them before is old now. */
  turn(): Promise<void>;
  /** True when the target shows the rows as they are on the source. */
  arrived(): Promise<boolean>;
}

const between = 20;
let laid = 0;

/** Writes until it is ended or the source refuses. `disturbance`: what it is laid for; differences name it. `again`: rows that every step writes. */
export function addProbeRows(place: Place, disturbance: string, again = 5): ProbeRows {
  const name = `probe rows ${disturbance} ${(laid += 1)}`;
  const state = { on: true, steps: 0 };
  const ended = connected(place.shop.source, async (client) => {
    while (state.on) {
      await client.query(
        `insert into public.tag as t (code, label, v)
         select code, 'probe rows', 1 from (select $1 || '/' || i from generate_series(1, $3::int) i union all select $1 || '/once-' || $2) b (code)
         on conflict (code) do update set v = t.v + 1`,
        [name, String(state.steps + 1), again],
      );
      state.steps += 1;
      await sleep(between);
    }
  })
    // frozen, or its server is away
    .catch(() => undefined)
    .finally(() => {
      state.on = false;
    });
  return {
    steps: async (more) => {
      const enough = state.steps + more;
      while (state.on && state.steps < enough) await sleep(5);
    },
    underWay: () => `${name}/once-${state.steps + 1}`,
    end: () => {
      state.on = false;
      return ended;
    },
    turn: () =>
      connected(place.shop.source, async (client) => {
        await client.query('begin');
        await client.query(`delete from public.tag where code = any ($1)`, [[`${name}/1`, `${name}/2`]]);
        await client.query(`update public.tag set v = v + 1 where code like $1 || '/_'`, [name]);
        await client.query('commit');
      }),
    arrived: async () => (await compareProbeRows(place, name)).length === 0,
  };
}

/** What became of the rows of each probe rows: sentences, none when all of them are on the target as they are on the source. */
export async function compareProbeRows(place: Place, name = 'probe rows '): Promise<Difference[]> {
  const rows = (url: string, table: string): Promise<Map<string, string>> =>
    connected(url, async (client) => {
      const found = await client.query<{ code: string; v: string }>(
        `select code, v::text as v from ${table} where code like $1 || '%' order by code`,
        [name],
      );
      return new Map(found.rows.map(({ code, v }) => [code, v]));
    });
  const source = await rows(place.admin.source, 'public.tag');
  const target = await rows(place.admin.target, 'app.tag');
  const counts = new Map<string, Record<'lost' | 'stale' | 'resurrected', number>>();
  for (const code of new Set([...source.keys(), ...target.keys()])) {
    const [there, here] = [source.get(code), target.get(code)];
    if (there === here) continue;
    const probeRows = code.split('/')[0] as string;
    const count = counts.get(probeRows) ?? { lost: 0, stale: 0, resurrected: 0 };
    count[here === undefined ? 'lost' : there === undefined ? 'resurrected' : 'stale'] += 1;
    counts.set(probeRows, count);
  }
  return [...counts].map(
    ([probeRows, { lost, stale, resurrected }]) =>
      `${probeRows}: ${lost} rows lost, ${stale} stale, ${resurrected} resurrected`,
  );
}
